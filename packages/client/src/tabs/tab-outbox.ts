import { LIMITS } from '@konferenco/protocol';
import type { OutboxNews } from '../outbox-news.ts';
import type { Environment, OutboxEntry, OutboxStore } from '../types.ts';
import type { SharedTabs } from './shared-tabs.ts';
import type { OutboxNotice, TabMessage } from './tab-message.ts';
import type { Rewording, TabHost } from './types.ts';

/** How long the other tabs have to say what they are sending. Entries of one that does not answer may go out twice, under one id. */
export const CLAIM_MS = 500;
/** When tabs came or went, what waits in them is looked at anew once their last words have arrived. */
const REVIEW_SOON_MS = 1_000;
/** As long as something waits in other tabs, it is looked at anew this often: a word may have been missed. */
const REVIEW_MS = 30_000;
/** Ids remembered as settled. */
const SETTLED_MAX = 2 * LIMITS.outbox_entries;

export interface TabOutboxOptions {
  readonly environment: Pick<Environment, 'after'>;
  readonly tabs: () => Pick<SharedTabs, 'id' | 'post' | 'others'> | null;
  readonly host: Pick<TabHost, 'news' | 'discard' | 'reword' | 'waitingChanged'>;
}

interface Claims {
  /** Answers still to come. */
  missing: number;
  /** Whose an entry is; `null` once it was settled while the answers were coming. */
  readonly ids: Map<string, string | null>;
  readonly done: () => void;
}

/**
 * One outbox in several tabs: each sends what it wrote and shows what the others wrote. That an entry has one sender
 * spares work only; ids make two harmless.
 */
export class TabOutbox {
  readonly #options: TabOutboxOptions;
  /** Entries this tab is to send. */
  readonly #mine = new Map<string, OutboxEntry>();
  /** Entries of other tabs, and whose they are. */
  readonly #theirs = new Map<string, { readonly tab: string; readonly entry: OutboxEntry }>();
  /** Settled lately, here or elsewhere: the store may keep them a little longer, or until a later program. */
  readonly #settled = new Set<string>();
  readonly #asking = new Set<Claims>();
  #store: OutboxStore | null = null;
  #hasJoined = false;
  #cancelReview: (() => void) | null = null;

  constructor(options: TabOutboxOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#theirs.size;
  }

  /** Loading leaves out what another living tab sends, and shows it instead. */
  store(store: OutboxStore): OutboxStore {
    this.#store = store;
    return {
      load: () => this.#unclaimed(store),
      put: (entry) => store.put(entry),
      delete: (id) => store.delete(id),
    };
  }

  tell(news: OutboxNews): void {
    this.#note(
      news,
      keep(news, this.#mine, (entry) => entry),
    );
    this.#say(news);
  }

  discard(id: string): void {
    if (this.#theirs.has(id)) this.#say({ kind: 'discard', id });
  }

  reword(wish: Rewording): boolean {
    const isTheirs = this.#theirs.has(wish.id);
    if (isTheirs) this.#say({ kind: 'reword', ...wish });
    return isTheirs;
  }

  /** This tab can be heard: shows the others what waits here. */
  joined(): void {
    for (const entry of this.#mine.values()) this.tell({ kind: 'queued', entry });
    // Away from the others for a while, this tab has missed what they said; at first, loading asks them.
    if (this.#hasJoined) this.#review();
    this.#hasJoined = true;
  }

  /** Tabs have come or gone. */
  changed(): void {
    if (this.#theirs.size > 0) this.#planReview(REVIEW_SOON_MS);
  }

  clear(): void {
    this.#hasJoined = false;
    this.#cancelReview?.();
    this.#cancelReview = null;
    this.#mine.clear();
    this.#theirs.clear();
    this.#settled.clear();
  }

  hear(message: TabMessage): void {
    switch (message.kind) {
      case 'claims': {
        const ids = [...this.#mine.keys()].slice(0, LIMITS.outbox_entries);
        const tabs = this.#options.tabs();
        return tabs?.post({ kind: 'claim', from: tabs.id, to: message.from, ids });
      }
      case 'claim':
        for (const asking of this.#asking) {
          for (const claimed of message.ids) if (!asking.ids.has(claimed)) asking.ids.set(claimed, message.from);
          if (--asking.missing <= 0) asking.done();
        }
        return;
      case 'notice':
        return this.#notice(message.from, message.notice);
      default:
        return;
    }
  }

  #notice(from: string, notice: OutboxNotice): void {
    const { host } = this.#options;
    if (notice.kind !== 'discard' && notice.kind !== 'reword') return this.#learn(from, notice);
    if (!this.#mine.has(notice.id)) return;
    if (notice.kind === 'discard') host.discard(notice.id);
    else host.reword(notice);
  }

  #say(notice: OutboxNotice): void {
    const tabs = this.#options.tabs();
    tabs?.post({ kind: 'notice', from: tabs.id, notice });
  }

  #learn(tab: string, news: OutboxNews): void {
    // Taken up here because its tab did not answer in time: this tab's own word counts.
    if (this.#mine.has(news.entry.id)) return;
    this.#note(
      news,
      keep(news, this.#theirs, (entry) => ({ tab, entry })),
    );
    while (this.#theirs.size > LIMITS.outbox_entries) {
      const [oldest] = this.#theirs.keys();
      this.#theirs.delete(oldest ?? '');
    }
    this.#options.host.news(inPlace(news));
    this.#options.host.waitingChanged();
    if (this.#theirs.size > 0 && !this.#cancelReview) this.#planReview(REVIEW_MS);
  }

  #note({ entry: { id } }: OutboxNews, waits: boolean): void {
    this.#settled.delete(id);
    if (waits) return;
    this.#settled.add(id);
    const [oldest] = this.#settled;
    if (this.#settled.size > SETTLED_MAX && oldest !== undefined) this.#settled.delete(oldest);
    for (const asking of this.#asking) asking.ids.set(id, null);
  }

  #planReview(ms: number): void {
    this.#cancelReview?.();
    this.#cancelReview = this.#options.environment.after(ms, () => {
      this.#cancelReview = null;
      this.#review();
    });
  }

  /** Finds out anew what waits in the others. */
  #review(): void {
    if (!this.#store) return;
    // A store that cannot be read now says so where it matters, on loading.
    this.#unclaimed(this.#store).catch(() => {});
    if (this.#theirs.size > 0) this.#planReview(REVIEW_MS);
  }

  /** Entries of the store that no other tab sends; what the others send is shown, what they settled is not any more. */
  async #unclaimed(store: OutboxStore): Promise<readonly OutboxEntry[]> {
    const before = [...this.#theirs];
    const entries = (await store.load()).filter(({ id }) => !this.#settled.has(id));
    const claims = entries.length > 0 ? await this.#claims() : new Map<string, string | null>();
    const left = new Set(entries.map(({ id }) => id));
    for (const [id, theirs] of before)
      if (!left.has(id) && this.#theirs.get(id) === theirs)
        this.#learn(theirs.tab, { kind: 'dropped', entry: theirs.entry });
    return entries.filter((entry) => {
      const tab = claims.get(entry.id);
      if (tab) this.#learn(tab, { kind: 'queued', entry });
      else if (this.#theirs.delete(entry.id)) this.#options.host.waitingChanged();
      return tab === undefined;
    });
  }

  /** Which entry is sent by which tab, as far as they answer. */
  async #claims(): Promise<ReadonlyMap<string, string | null>> {
    const { environment, tabs } = this.#options;
    const shared = tabs();
    const missing = (await shared?.others()) ?? 0;
    const ids = new Map<string, string | null>();
    if (!shared || missing === 0) return ids;
    await new Promise<void>((resolve) => {
      const cancel = environment.after(CLAIM_MS, () => asking.done());
      const asking: Claims = {
        missing,
        ids,
        done: () => {
          cancel();
          this.#asking.delete(asking);
          resolve();
        },
      };
      this.#asking.add(asking);
      shared.post({ kind: 'claims', from: shared.id });
    });
    return ids;
  }
}

/** What was stored long ago stands where this tab has that part of the log, if it has; here it only waits no more. */
function inPlace(news: OutboxNews): OutboxNews {
  return news.kind === 'stored' && news.reply.duplicate ? { kind: 'dropped', entry: news.entry } : news;
}

/** Keeps an entry while it waits; false when it does not any more. */
function keep<T>(news: OutboxNews, waiting: Map<string, T>, as: (entry: OutboxEntry) => T): boolean {
  const { kind, entry } = news;
  if (kind === 'renamed') waiting.delete(news.was);
  const waits = kind !== 'stored' && kind !== 'failed' && kind !== 'dropped';
  if (waits) waiting.set(entry.id, as(entry));
  else waiting.delete(entry.id);
  return waits;
}
