import { LIMITS } from '@konferenco/protocol';
import type { OutboxNews } from '../outbox.ts';
import type { Environment, OutboxEntry, OutboxStore } from '../types.ts';
import type { SharedTabs } from './share-tabs.ts';
import type { TabMessage } from './tab-message.ts';
import type { TabHost } from './types.ts';

/** How long the other tabs have to say what they are sending. Entries of one that does not answer may go out twice, under one id. */
export const CLAIM_MS = 500;

export interface TabOutboxOptions {
  /** This tab. */
  readonly id: string;
  readonly environment: Pick<Environment, 'after'>;
  readonly tabs: () => Pick<SharedTabs, 'post' | 'others'> | null;
  readonly host: Pick<TabHost, 'news' | 'discard' | 'waitingChanged'>;
}

interface Claims {
  /** Answers still to come. */
  missing: number;
  readonly ids: Map<string, string>;
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
  #asking: Claims | null = null;

  constructor(options: TabOutboxOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#theirs.size;
  }

  /** Loading leaves out what another living tab sends, and shows it instead. */
  store(store: OutboxStore): OutboxStore {
    return {
      load: async () => {
        const entries = await store.load();
        const claimed = entries.length > 0 ? await this.#claims() : new Map<string, string>();
        return entries.filter((entry) => {
          const tab = claimed.get(entry.id);
          if (tab !== undefined) this.#learn(tab, { kind: 'queued', entry });
          else this.#theirs.delete(entry.id);
          return tab === undefined;
        });
      },
      put: (entry) => store.put(entry),
      delete: (id) => store.delete(id),
    };
  }

  tell(news: OutboxNews): void {
    const { id: from, tabs } = this.#options;
    keep(news, this.#mine, (entry) => entry);
    tabs()?.post({ kind: 'notice', from, notice: news });
  }

  discard(id: string): void {
    const { id: from, tabs } = this.#options;
    if (this.#theirs.has(id)) tabs()?.post({ kind: 'notice', from, notice: { kind: 'discard', id } });
  }

  /** This tab can be heard: shows the others what waits here. */
  joined(): void {
    for (const entry of this.#mine.values()) this.tell({ kind: 'queued', entry });
  }

  /** The tab is gone; what it left is in the store. */
  gone(tab: string): void {
    for (const [id, theirs] of [...this.#theirs]) if (theirs.tab === tab) this.#theirs.delete(id);
    this.#options.host.waitingChanged();
  }

  clear(): void {
    this.#mine.clear();
    this.#theirs.clear();
  }

  hear(message: TabMessage): void {
    const { id, tabs } = this.#options;
    switch (message.kind) {
      case 'claims': {
        const ids = [...this.#mine.keys()].slice(0, LIMITS.outbox_entries);
        return tabs()?.post({ kind: 'claim', from: id, to: message.from, ids });
      }
      case 'claim': {
        const asking = this.#asking;
        if (!asking) return;
        for (const claimed of message.ids) asking.ids.set(claimed, message.from);
        if (--asking.missing <= 0) asking.done();
        return;
      }
      case 'notice':
        if (message.notice.kind !== 'discard') return this.#learn(message.from, message.notice);
        if (this.#mine.has(message.notice.id)) this.#options.host.discard(message.notice.id);
        return;
      default:
        return;
    }
  }

  #learn(tab: string, news: OutboxNews): void {
    // Taken up here because its tab did not answer in time: this tab's own word counts.
    if (this.#mine.has(news.entry.id)) return;
    keep(news, this.#theirs, (entry) => ({ tab, entry }));
    while (this.#theirs.size > LIMITS.outbox_entries) {
      const [oldest] = this.#theirs.keys();
      this.#theirs.delete(oldest ?? '');
    }
    this.#options.host.news(news);
    this.#options.host.waitingChanged();
  }

  /** Which entry is sent by which tab, as far as they answer. */
  async #claims(): Promise<ReadonlyMap<string, string>> {
    const { id, environment, tabs } = this.#options;
    const shared = tabs();
    const missing = (await shared?.others()) ?? 0;
    if (!shared || missing === 0) return new Map();
    const ids = new Map<string, string>();
    await new Promise<void>((resolve) => {
      const cancel = environment.after(CLAIM_MS, resolve);
      const done = () => {
        cancel();
        resolve();
      };
      this.#asking = { missing, ids, done };
      shared.post({ kind: 'claims', from: id });
    });
    this.#asking = null;
    return ids;
  }
}

/** Keeps an entry while it waits. */
function keep<T>(news: OutboxNews, waiting: Map<string, T>, as: (entry: OutboxEntry) => T): void {
  const { entry } = news;
  switch (news.kind) {
    case 'queued':
    case 'sent':
      waiting.set(entry.id, as(entry));
      break;
    case 'renamed':
      waiting.delete(news.was);
      waiting.set(entry.id, as(entry));
      break;
    case 'stored':
    case 'failed':
    case 'dropped':
      waiting.delete(entry.id);
      break;
  }
}
