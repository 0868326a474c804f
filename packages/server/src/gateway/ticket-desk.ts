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
export const LOOK_MS = 100;
/** A node whose timer comes later than this has more to do than it manages: everybody who asks it something waits as long. */
const LATE_MS = 150;
/**
 * So many who have a ticket may be on their way until they are welcomed, and so many while the node is late. The first lets a
 * thousand a second in, whatever the delay of their links; a crowd that is quicker makes a node late before a timer says so.
 */
export const ON_THEIR_WAY = { in_time: 1_024, late: 256 } as const;
/** A ticket whose bearer did not come within this many looks is not expected any more; it may have been used elsewhere. */
export const LOOKS_EXPECTED = 10;
/** Of a late node's pace, what those told to come later are spread by: some stay away, and coming too early costs little. */
const OPTIMISM = 1.25;
/** Share of the rate that the pace is never taken to be below. */
const LEAST = 0.05;
/** Weight of the newest look in the pace. */
const NEWEST = 0.2;
/** By which it grows from look to look while nobody is turned away. */
const GROWTH = 1.05;

/**
 * Who gets a ticket now, and when the others are to come back. Tickets are issued at the rate the operator allows, and no more
 * than a window of them is out, as with a transport: the next one goes when somebody has come in. So the node works as fast as
 * it can, whatever the machine, and a crowd finds a queue with times and not a node that does not answer.
 */
export class TicketDesk {
  readonly #rate: BucketRate;
  readonly #random: () => number;
  readonly #bucket: TokenBucket;
  readonly #comebacks: Comebacks = { next_at: 0 };
  /** Tickets out, by the look before which they were issued, oldest first. */
  readonly #out: number[] = Array.from({ length: LOOKS_EXPECTED }, () => 0);
  #isLate = false;
  /** Since the last look somebody was turned away for want of room on the way. */
  #wasFull = false;
  /** Unix ms. */
  #lookedAt: number;
  #cameIn = 0;
  /** People a second that the node is taken to manage. */
  #managed: number;
  #wake: (() => void) | null = null;

  /**
   * @param now Unix ms
   * @param random numbers in [0, 1), by which those are spread for whom there is no better time
   */
  constructor(rate: BucketRate, now: number, random: () => number) {
    this.#rate = rate;
    this.#random = random;
    this.#bucket = fullBucket(rate, now);
    this.#lookedAt = now;
    this.#managed = rate.per_s;
  }

  /** @returns 0: a ticket may be issued; else the milliseconds after which to come again */
  take(now: number): number {
    this.#awake(now);
    const mayCome = this.#expected < (this.isLate(now) ? ON_THEIR_WAY.late : ON_THEIR_WAY.in_time);
    this.#wasFull ||= !mayCome;
    if (mayCome && takeTokenMutable(this.#bucket, this.#rate, now) === 0) {
      this.#out[LOOKS_EXPECTED - 1] = (this.#out[LOOKS_EXPECTED - 1] ?? 0) + 1;
      return 0;
    }
    return comebackMutable(this.#comebacks, { per_s: this.pace, now, random: this.#random() });
  }

  /** Somebody was welcomed here. */
  cameIn(): void {
    this.#cameIn++;
    const oldest = this.#out.findIndex((count) => count > 0);
    if (oldest >= 0) this.#out[oldest] = (this.#out[oldest] ?? 0) - 1;
  }

  /** The node's own timer came `late_ms` late. To be called every {@link LOOK_MS}. */
  look(late_ms: number, now: number): void {
    const per_s = (this.#cameIn * 1000) / Math.max(1, now - this.#lookedAt);
    this.#isLate = late_ms > LATE_MS;
    // Only while somebody was turned away is what came in what the node manages; else it is who was asked to come.
    if (this.#wasFull) this.#managed = this.#managed * (1 - NEWEST) + per_s * NEWEST;
    else this.#managed = Math.min(this.#rate.per_s, this.#managed * GROWTH);
    this.#cameIn = 0;
    this.#wasFull = false;
    this.#lookedAt = now;
    this.#out.shift();
    this.#out.push(0);
  }

  /** Whether there is nothing to look at: nobody is on the way, and the node manages what it may. */
  get isIdle(): boolean {
    return !this.#isLate && this.#expected === 0 && this.#managed >= this.#rate.per_s;
  }

  /** Looks end until somebody asks for a ticket; then `wake` is called. */
  sleep(wake: () => void): void {
    this.#wake = wake;
  }

  /** Whether the node was late at its last look, or the next one is overdue. */
  isLate(now: number): boolean {
    return this.#isLate || now - this.#lookedAt > LOOK_MS + LATE_MS;
  }

  /** People a second by which those who are turned away are spread. */
  get pace(): number {
    const { per_s } = this.#rate;
    return Math.min(per_s, Math.max(this.#managed * OPTIMISM, per_s * LEAST));
  }

  #awake(now: number): void {
    const wake = this.#wake;
    if (!wake) return;
    this.#wake = null;
    this.#lookedAt = now;
    this.#cameIn = 0;
    wake();
  }

  get #expected(): number {
    return this.#out.reduce((sum, count) => sum + count, 0);
  }
}

/**
 * Lets `desk` look again and again whether the node keeps up, while people come; a node to which nobody comes is not woken ten
 * times a second. Returns what ends it.
 */
export function watchLateness(desk: Pick<TicketDesk, 'look' | 'isIdle' | 'sleep'>, clock: Clock): () => void {
  let cancel = () => {};
  const plan = () => {
    const due = clock.now() + LOOK_MS;
    cancel = clock.after(LOOK_MS, () => {
      const now = clock.now();
      desk.look(Math.max(0, now - due), now);
      if (desk.isIdle) desk.sleep(plan);
      else plan();
    });
  };
  desk.sleep(plan);
  return () => {
    desk.sleep(() => {});
    cancel();
  };
}
