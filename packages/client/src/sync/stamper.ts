import { HybridLogicalClock } from '@konferenco/crdt/hybrid-logical-clock';
import type { Environment } from '../types.ts';

export interface StamperOptions {
  readonly environment: Pick<Environment, 'randomBytes'>;
  /** The server's time, as far as known (Unix ms). */
  readonly now: () => number;
}

/** An operation's identity and time. */
export interface OperationStamp {
  /** `replica:sequence`. */
  readonly dot: string;
  /** Hybrid timestamp. */
  readonly at: number;
}

/**
 * Names and dates the operations of one run of a client over one store. The run is a replica of its own, by a name
 * that is drawn anew each time, so that no restart, no copied store and no second tab ever uses a dot twice.
 */
export class Stamper {
  readonly #now: () => number;
  readonly #replica: string;
  #sequence = 0;
  #clock: HybridLogicalClock;

  constructor({ environment, now }: StamperOptions) {
    this.#now = now;
    this.#replica = [...environment.randomBytes(10)]
      .map((byte) => byte.toString(36).padStart(2, '0'))
      .join('')
      .slice(0, 32);
    this.#clock = new HybridLogicalClock({ node: this.#replica, now });
  }

  stamp(): OperationStamp {
    return { dot: `${this.#replica}:${++this.#sequence}`, at: this.#clock.tick() };
  }

  /** What is stamped from now on is later than this, unless it comes from a clock that is ahead. */
  seen(at: number): void {
    this.#clock.receive(at);
  }

  /** The server's time is known now, and this device was ahead of it: time begins again from there. */
  setRight(): void {
    if (this.#clock.ahead_ms > 0) this.#clock = new HybridLogicalClock({ node: this.#replica, now: this.#now });
  }

  /** The time of an operation whose first one the server refused as being ahead. */
  again(): number {
    this.setRight();
    return this.#clock.tick();
  }
}
