import { decorrelatedJitter } from '@konferenco/core/backoff';
import { type InboxItem, type Item, LIMITS, type LogName, type ReplyOf } from '@konferenco/protocol';
import { asError, type KonferencoError } from './errors.ts';
import { advance, type CursorInput, cursorAt, type Delivery, type LogCursor, needsHistory } from './log-cursor.ts';
import { RECONNECT } from './reconnect.ts';
import type { Wire } from './request.ts';
import type { Environment } from './types.ts';

/**
 * How long a hole between live entries may close by itself. Entries come by two ways, subscription and inbox, and one
 * may be a little ahead; fetching at once would also undo what the server skipped to keep a busy log readable.
 */
export const HOLE_GRACE_MS = 200;

export interface LogFeedOptions<T extends Item | InboxItem> {
  readonly log: LogName;
  readonly wire: Wire;
  readonly environment: Pick<Environment, 'after' | 'random'>;
  readonly positionOf: (item: T) => number;
  /** Called with what is due, in order, each position once. */
  readonly deliver: (due: readonly Delivery<T>[]) => void;
  /** Called when history was refused for good. */
  readonly refused: (error: KonferencoError) => void;
}

/** Follows one log forward: holds live entries while history is fetched, and fetches wherever there is a hole. */
export class LogFeed<T extends Item | InboxItem> {
  readonly #options: LogFeedOptions<T>;
  #cursor: LogCursor<T> | null = null;
  /** Changes with every start, so that a page asked for before it is not taken. */
  #generation = 0;
  #pulling: Promise<void> | null = null;
  #cancelPause: () => void = () => {};
  #cancelGrace: (() => void) | null = null;

  constructor(options: LogFeedOptions<T>) {
    this.#options = options;
  }

  /** Everything up to here was delivered; `null` before the start. */
  get position(): number | null {
    return this.#cursor?.position ?? null;
  }

  /** Begins after `position`, forgetting where it was. */
  start(position: number): void {
    this.stop();
    this.#cursor = cursorAt(position);
  }

  /** Forgets the position. */
  stop(): void {
    this.#generation++;
    this.lost();
    this.#pulling = null;
    this.#cursor = null;
  }

  /** The connection is gone: nothing is asked before the next one says how far the log has grown. */
  lost(): void {
    this.#cancelPause();
    this.#cancelGrace?.();
    this.#cancelGrace = null;
  }

  live(items: readonly T[]): void {
    this.#take({ kind: 'live', entries: this.#positioned(items) });
  }

  skipped(from: number, to: number): void {
    this.#take({ kind: 'skipped', from, to });
  }

  /** The log reaches to `head`. Resolves when everything up to there was delivered or the connection was lost. */
  learn(head: number): Promise<void> {
    this.#take({ kind: 'head', head });
    return this.#pulling ?? Promise.resolve();
  }

  /** A connection stands: goes on where fetching was cut off. */
  resume(): void {
    if (this.#isBehind() && !this.#pulling) this.#startPull();
  }

  #positioned(items: readonly T[]) {
    return items.map((item) => ({ position: this.#options.positionOf(item), item }));
  }

  #take(input: CursorInput<T>): void {
    if (!this.#cursor) return;
    const { cursor, due } = advance(this.#cursor, input);
    this.#cursor = cursor;
    if (due.length > 0) this.#options.deliver(due);
    if (!this.#isBehind() || this.#pulling) return;
    if (input.kind === 'head') this.#startPull();
    else this.#cancelGrace ??= this.#options.environment.after(HOLE_GRACE_MS, () => this.#graceOver());
  }

  #isBehind(): boolean {
    return this.#cursor !== null && needsHistory(this.#cursor) && this.#options.wire.online;
  }

  #graceOver(): void {
    this.#cancelGrace = null;
    if (this.#isBehind() && !this.#pulling) this.#startPull();
  }

  #startPull(): void {
    this.#cancelGrace?.();
    this.#cancelGrace = null;
    const generation = this.#generation;
    const pulling = this.#pull(generation).finally(() => {
      if (this.#pulling === pulling) this.#pulling = null;
    });
    this.#pulling = pulling;
  }

  async #pull(generation: number): Promise<void> {
    const { wire, log } = this.#options;
    const current = () => generation === this.#generation && this.#cursor !== null;
    let pause = 0;
    while (current() && wire.online && this.#cursor && needsHistory(this.#cursor)) {
      const after = this.#cursor.position;
      try {
        const page = await wire.ask('history', { log, after, limit: LIMITS.page });
        if (!current()) return;
        this.#takePage(after, page);
        // The log is said to be longer than what it gives: a reader behind its writer catches up shortly.
        pause =
          this.#cursor.position > after ? 0 : decorrelatedJitter(pause, this.#options.environment.random(), RECONNECT);
      } catch (thrown) {
        const error = asError(thrown);
        if (!current() || error.error === 'disconnected') return;
        if (error.recourse !== 'later') return this.#options.refused(error);
        pause = error.retry_after_ms ?? decorrelatedJitter(pause, this.#options.environment.random(), RECONNECT);
      }
      if (pause > 0) await this.#wait(pause);
    }
  }

  #takePage(after: number, page: ReplyOf<'history'>): void {
    const entries = this.#positioned(page.items as T[]);
    this.#take({ kind: 'page', after, entries, first: page.first, head: page.head, gap: page.gap });
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.environment.after(ms, resolve);
      this.#cancelPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
