import { assertNode } from './dot.ts';
import { CrdtFormatError } from './errors.ts';
import { isTimestamp, MAX_TIMESTAMP, type Timestamp, timestampOf, wallOf } from './timestamp.ts';

export interface HybridLogicalClockOptions {
  /** Whose clock it is: the second half of every stamp, and what breaks ties. */
  readonly node: string;
  /** The wall clock, Unix ms. */
  readonly now: () => number;
  /** How far a remote timestamp may be ahead of the wall clock, ms. */
  readonly max_ahead_ms?: number;
  /** What `last` was when the program ended, so that a restart issues nothing twice. */
  readonly last?: Timestamp;
}

export const MAX_AHEAD_MS = 60_000;

/**
 * A clock that never goes back and never falls behind what it has seen, yet stays close to the wall clock.
 *
 * Kulkarni, Demirbas, Madappa, Avva, Leone: "Logical Physical Clocks" (OPODIS 2014). Differs in that a remote time too
 * far ahead is refused instead of followed: one wrong clock must not drag everybody's along and win every later conflict.
 * A device whose own clock was ahead when it issued `last` is best restarted without it once the clock is right
 * (`ahead_ms` says so): others refuse what it stamps meanwhile.
 */
export class HybridLogicalClock {
  readonly node: string;
  readonly #now: () => number;
  readonly #max_ahead_ms: number;
  #last: Timestamp;

  /** @throws {CrdtFormatError} the node id or `last` is malformed. */
  constructor({ node, now, max_ahead_ms = MAX_AHEAD_MS, last = 0 }: HybridLogicalClockOptions) {
    assertNode(node);
    if (!isTimestamp(last)) throw new CrdtFormatError(`not a timestamp: ${String(last)}`);
    this.node = node;
    this.#now = now;
    this.#max_ahead_ms = max_ahead_ms;
    this.#last = last;
  }

  /** The newest timestamp issued or received. */
  get last(): Timestamp {
    return this.#last;
  }

  /** By how much `last` is ahead of the wall clock, ms; 0 when it is not. */
  get ahead_ms(): number {
    return Math.max(0, wallOf(this.#last) - this.#now());
  }

  /** The next timestamp: greater than every one issued or received, whatever the wall clock does. */
  tick(): Timestamp {
    this.#last = Math.min(MAX_TIMESTAMP, Math.max(this.#last + 1, timestampOf(this.#now())));
    return this.#last;
  }

  /**
   * Takes note of a remote timestamp before what it stamps is applied.
   *
   * @returns `ahead` when it is more than `max_ahead_ms` ahead of the wall clock, or no timestamp at all: nothing was
   * adopted, and the caller refuses the operation, or stamps it anew, instead of applying it.
   */
  receive(remote: Timestamp): 'ok' | 'ahead' {
    if (!isTimestamp(remote) || wallOf(remote) > this.#now() + this.#max_ahead_ms) return 'ahead';
    this.#last = Math.max(this.#last, remote);
    return 'ok';
  }
}
