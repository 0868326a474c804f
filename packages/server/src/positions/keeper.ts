import {
  type BusRecord,
  decorrelatedJitter,
  type PositionOf,
  type PositionStore,
  StoreUnavailableError,
} from '@konferenco/core';
import { Cache, type Eventually } from '../accounts/cache.ts';
import type { Context } from '../accounts/context.ts';

export interface KeeperDeps {
  readonly positions: PositionStore;
  readonly context: Pick<Context, 'bus' | 'clock' | 'random'>;
  /** Told of positions that were kept, left out by the series, or given up because too many waited. */
  readonly count: (what: 'kept' | 'left_out' | 'given_up', times: number) => void;
  readonly onFault: (error: unknown) => void;
}

/** Positions are added together this often. A node that dies loses the last of them, which their guarantee allows. */
const FLUSH_MS = 1_000;
const BATCH = 1_000;
/** Positions that may wait while the series is away; beyond, the oldest are given up. */
const MOST_WAITING = 20_000;
const RETRY = { base_ms: FLUSH_MS, cap_ms: 30_000 };
/** Bounds how long a withdrawal matters little that this node was not told of: until then it takes positions that the series leaves out. */
const CONSENT_AGE_MS = 60_000;
const CONSENTS = 100_000;

/** Brings the positions that people send into the series, many at once, and knows who wants that. */
export class PositionKeeper {
  readonly positions: PositionStore;
  readonly #deps: KeeperDeps;
  readonly #consents: Cache<boolean>;
  readonly #unsubscribe: () => void;
  #waiting: PositionOf[] = [];
  #flushing: Promise<void> | null = null;
  #pause_ms = 0;
  #cancelFlush: (() => void) | null = null;
  #closed = false;

  constructor(deps: KeeperDeps) {
    const { positions, context } = deps;
    this.positions = positions;
    this.#deps = deps;
    this.#consents = new Cache({
      load: async (user) => (await positions.consent(user)) !== null,
      max: CONSENTS,
      max_age_ms: CONSENT_AGE_MS,
      now: () => context.clock.now(),
    });
    this.#unsubscribe = context.bus.subscribe((record) => this.#told(record));
    context.bus.onReconnect(() => this.#consents.clear());
  }

  /** Whether this person wants positions to be kept. Rejects with `StoreUnavailableError` when nobody can say. */
  isAllowed(user: string): Eventually<boolean> {
    return this.#consents.get(user);
  }

  /** A consent was given or withdrawn here. */
  changed(user: string): void {
    this.#consents.delete(user);
  }

  /** Notes a position to be kept within about a second, unless consent is gone by then. */
  note(position: PositionOf): void {
    if (this.#closed) return;
    this.#waiting.push(position);
    this.#bound();
    this.#schedule(FLUSH_MS);
  }

  /** Adds what waits; what cannot be added now waits on. */
  async flush(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#flushing ??= this.#addAll().finally(() => {
      this.#flushing = null;
    });
    await this.#flushing;
  }

  /** Adds what waits, once, and stops. The series is closed by who opened it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    await this.flush();
    this.#cancelFlush?.();
    this.#deps.count('given_up', this.#waiting.length);
  }

  async #addAll(): Promise<void> {
    const { positions, count, onFault, context } = this.#deps;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH);
      try {
        const kept = await positions.add(batch);
        count('kept', kept);
        count('left_out', batch.length - kept);
        this.#pause_ms = 0;
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) {
          // Asked again it would fail again.
          onFault(error);
          count('given_up', batch.length);
          continue;
        }
        this.#waiting.unshift(...batch);
        this.#bound();
        this.#pause_ms = decorrelatedJitter(this.#pause_ms, context.random.next(), RETRY);
        this.#schedule(this.#pause_ms);
        return;
      }
    }
  }

  #bound(): void {
    const tooMany = this.#waiting.length - MOST_WAITING;
    if (tooMany <= 0) return;
    this.#waiting.splice(0, tooMany);
    this.#deps.count('given_up', tooMany);
  }

  #schedule(ms: number): void {
    if (this.#closed) return;
    this.#cancelFlush ??= this.#deps.context.clock.after(ms, () => void this.flush());
  }

  #told(record: BusRecord): void {
    if (record.kind === 'changed' && record.what === 'profile') this.#consents.delete(record.id);
  }
}
