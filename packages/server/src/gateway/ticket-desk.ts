import {
  type BucketRate,
  type Clock,
  type Comebacks,
  comebackMutable,
  fullBucket,
  takeTokenMutable,
  type TokenBucket,
} from '@konferenco/core';

/** How often the node looks whether it keeps up with its work. */
export const LOOK_MS = 250;
/** A node whose timer comes later than this has more to do than it manages: everybody who asks it something waits as long. */
const LATE_MS = 150;
/** While it is late, this many who have a ticket may be on their way to a socket. */
const ON_THEIR_WAY = 256;
/** A ticket whose socket did not come within this many looks is not expected any more; it may have been used elsewhere. */
const LOOKS_EXPECTED = 12;
/** Of a late node's pace, what those told to come later are spread by: some stay away, and coming too early costs little. */
const OPTIMISM = 1.25;
/** Share of the rate that the pace is never taken to be below. */
const LEAST = 0.05;
/** Weight of the newest look in the pace. */
const NEWEST = 0.4;

/**
 * Who gets a ticket now, and when the others are to come back. A node in time issues them at the rate its operator allows. A
 * late one issues the next when somebody has come in, as a transport's window does: so it works as fast as it can, whatever
 * the machine, and a crowd finds a queue with times and not a node that does not answer.
 */
export class TicketDesk {
  readonly #rate: BucketRate;
  readonly #random: () => number;
  readonly #bucket: TokenBucket;
  readonly #comebacks: Comebacks = { next_at: 0 };
  /** Tickets out, by the look before which they were issued, oldest first. */
  readonly #out: number[] = Array.from({ length: LOOKS_EXPECTED }, () => 0);
  #isLate = false;
  /** Unix ms. */
  #lookedAt: number;
  #cameIn = 0;
  /** People who came in a second while the node was late; `null`: it was not. */
  #managed: number | null = null;

  /**
   * @param now Unix ms
   * @param random numbers in [0, 1), by which those are spread for whom there is no better time
   */
  constructor(rate: BucketRate, now: number, random: () => number) {
    this.#rate = rate;
    this.#random = random;
    this.#bucket = fullBucket(rate, now);
    this.#lookedAt = now;
  }

  /** @returns 0: a ticket may be issued; else the milliseconds after which to come again */
  take(now: number): number {
    const mayCome = !this.isLate(now) || this.#expected < ON_THEIR_WAY;
    if (mayCome && takeTokenMutable(this.#bucket, this.#rate, now) === 0) {
      this.#out[LOOKS_EXPECTED - 1] = (this.#out[LOOKS_EXPECTED - 1] ?? 0) + 1;
      return 0;
    }
    return comebackMutable(this.#comebacks, { per_s: this.pace(now), now, random: this.#random() });
  }

  /** Somebody used a ticket here. */
  cameIn(): void {
    this.#cameIn++;
    const oldest = this.#out.findIndex((count) => count > 0);
    if (oldest >= 0) this.#out[oldest] = (this.#out[oldest] ?? 0) - 1;
  }

  /** The node's own timer came `late_ms` late. To be called every {@link LOOK_MS}. */
  look(late_ms: number, now: number): void {
    const per_s = (this.#cameIn * 1000) / Math.max(1, now - this.#lookedAt);
    this.#isLate = late_ms > LATE_MS;
    if (!this.#isLate) this.#managed = null;
    else this.#managed = this.#managed === null ? per_s : this.#managed * (1 - NEWEST) + per_s * NEWEST;
    this.#cameIn = 0;
    this.#lookedAt = now;
    this.#out.shift();
    this.#out.push(0);
  }

  /** Whether the node was late at its last look, or the next one is overdue. */
  isLate(now: number): boolean {
    return this.#isLate || now - this.#lookedAt > LOOK_MS + LATE_MS;
  }

  /** People a second by which those who are turned away at `now` are spread. */
  pace(now: number): number {
    const { per_s } = this.#rate;
    if (this.#managed === null || !this.isLate(now)) return per_s;
    return Math.min(per_s, Math.max(this.#managed * OPTIMISM, per_s * LEAST));
  }

  get #expected(): number {
    return this.#out.reduce((sum, count) => sum + count, 0);
  }
}

/** Lets `desk` look, again and again, whether the node keeps up. Returns what ends it. */
export function watchLateness(desk: Pick<TicketDesk, 'look'>, clock: Clock): () => void {
  let cancel = () => {};
  const plan = () => {
    const due = clock.now() + LOOK_MS;
    cancel = clock.after(LOOK_MS, () => {
      const now = clock.now();
      plan();
      desk.look(Math.max(0, now - due), now);
    });
  };
  plan();
  return () => cancel();
}
