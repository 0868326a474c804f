import type { LogName } from '@konferenco/protocol';
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
    const { wire } = this.#options;
    try {
      // Loaded with the first thread that is opened.
      const { loadKeptReplies, loadReplies } = await import('./more-history.ts');
      const hasSome = await loadKeptReplies(this.#options);
      if (wire.online) await loadReplies(this.#options);
      else if (!hasSome) return;
      this.#loaded = wire.online;
      opening.resolve();
    } catch (thrown) {
      const error = asError(thrown);
      // The next connection brings another chance, also to fetch the code.
      if (error.error === 'disconnected' || !wire.online) return;
      opening.reject(error);
    }
    this.#opening = null;
    this.#options.changed();
  }

  changed(): void {
    this.#state = null;
    this.#changes.emit();
  }
}
