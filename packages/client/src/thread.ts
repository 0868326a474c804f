import { LIMITS, type LogName } from '@konferenco/protocol';
import { asError } from './errors.ts';
import { Signal } from './events.ts';
import type { Replica } from './replica.ts';
import type { Wire } from './request.ts';
import type { Thread, TimelineEntry } from './types.ts';

export interface ThreadOptions {
  readonly log: LogName;
  readonly root: string;
  readonly wire: Wire;
  readonly replica: Replica;
  /** Replies were loaded into the conversation. */
  readonly changed: () => void;
}

/** Replies loaded at most: a thread longer than this shows its newest. */
const PAGES_MAX = 10;

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
    if (!opening || !this.#options.wire.online) return;
    try {
      await this.#load();
      this.#loaded = true;
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
    const { wire, log, replica } = this.#options;
    let before: number | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const page = await wire.ask('history', {
        log,
        thread: this.root,
        limit: LIMITS.page,
        ...(before === undefined ? {} : { before }),
      });
      replica.insert(page.items);
      before = page.items[0]?.offset;
      if (!page.has_more || before === undefined) return;
    }
  }
}
