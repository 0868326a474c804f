import { type Item, LIMITS, type LogName } from '@konferenco/protocol';
import { asError } from './errors.ts';
import type { LogKeeping } from './kept/keeping.ts';
import { Signal } from './events.ts';
import type { Replica } from './replica.ts';
import type { Wire } from './request.ts';
import type { Thread, TimelineEntry } from './types.ts';

export interface ThreadOptions {
  readonly log: LogName;
  readonly root: string;
  readonly wire: Wire;
  readonly replica: Replica;
  readonly kept: () => LogKeeping;
  /** Replies were loaded into the conversation. */
  readonly changed: () => void;
}

/** Replies loaded at most: a thread longer than this shows its newest. */
const PAGES_MAX = 10;
/** Entries of the conversation looked through for replies kept on this device. */
const LOOKED_MAX = 2_000;

/** The replies to one message; they are part of the conversation's log and live with it. */
export class LogThread implements Thread {
  readonly root: string;
  readonly #options: ThreadOptions;
  readonly #changes = new Signal();
  #state: { readonly timeline: readonly TimelineEntry[]; readonly loading: boolean } | null = null;
  #opening: PromiseWithResolvers<void> | null = null;
  #loaded = false;

  constructor(options: ThreadOptions) {
    this.#options = options;
    this.root = options.root;
  }

  state(): { readonly timeline: readonly TimelineEntry[]; readonly loading: boolean } {
    this.#state ??= { timeline: this.#options.replica.thread(this.root), loading: this.#opening !== null };
    return this.#state;
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  open(): Promise<void> {
    if (this.#loaded) return Promise.resolve();
    if (this.#opening) return this.#opening.promise;
    this.#opening = Promise.withResolvers<void>();
    const { promise } = this.#opening;
    this.changed();
    void this.resume();
    return promise;
  }

  /** Loads what `open` asked for, now or once there is a connection. */
  async resume(): Promise<void> {
    const opening = this.#opening;
    if (!opening) return;
    try {
      const { wire } = this.#options;
      const hasSome = await this.#loadKept();
      if (wire.online) await this.#load();
      else if (!hasSome) return;
      this.#loaded = wire.online;
      opening.resolve();
    } catch (thrown) {
      const error = asError(thrown);
      if (error.error === 'disconnected') return;
      opening.reject(error);
    }
    this.#opening = null;
    this.#options.changed();
  }

  changed(): void {
    this.#state = null;
    this.#changes.emit();
  }

  async #load(): Promise<void> {
    const { wire, log, replica, kept } = this.#options;
    let before: number | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const page = await wire.ask('history', {
        log,
        thread: this.root,
        limit: LIMITS.page,
        ...(before === undefined ? {} : { before }),
      });
      replica.insert(page.items);
      kept().put(page.items);
      before = page.items[0]?.offset;
      if (!page.has_more || before === undefined) return;
    }
  }

  /** Takes the replies from this device, and what corrects them; true when anything is kept of where the thread is. */
  async #loadKept(): Promise<boolean> {
    const { kept, replica } = this.#options;
    const root = replica.message(this.root)?.offset ?? null;
    if (root === null) return false;
    const replies = new Set<string>();
    const corrections: Item[] = [];
    const found: Item[] = [];
    let looked = 0;
    await kept().lookBack((items) => {
      for (const item of items) {
        if (item.envelope?.payload['thread'] === this.root || item.thread === this.root) found.push(item);
        else if (item.envelope?.payload['target'] !== undefined) corrections.push(item);
      }
      looked += items.length;
      return looked < LOOKED_MAX && (items[0]?.offset ?? 0) > root;
    });
    for (const { envelope, id } of found) replies.add(envelope?.id ?? id ?? '');
    replica.insert([
      ...found,
      ...corrections.filter(({ envelope }) => replies.has(String(envelope?.payload['target']))),
    ]);
    return true;
  }
}
