import type { Clock } from '@konferenco/core';

interface Timer {
  readonly at: number;
  readonly order: number;
  /** `null` once cancelled. */
  fn: (() => void) | null;
}

/**
 * Virtual time: timers fire in the order of their times, and of their making where those are equal. Nothing moves
 * unless `advance` or `runUntil` says so; promises settle between any two timers.
 */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  /** A binary heap by (at, order). */
  readonly #heap: Timer[] = [];

  constructor(start = 1_800_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fn };
    this.#push(timer);
    return () => {
      timer.fn = null;
    };
  }

  soon(fn: () => void): void {
    this.after(0, fn);
  }

  /** Lets `ms` milliseconds pass. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#heap[0]; next && next.at <= end; next = this.#heap[0]) await this.#step();
    this.#now = end;
  }

  /**
   * Lets time pass until `done` holds.
   *
   * @throws {Error} when it does not within `limit_ms` of virtual time.
   */
  async runUntil(done: () => boolean, limit_ms = 600_000): Promise<void> {
    const end = this.#now + limit_ms;
    await settled();
    while (!done()) {
      const next = this.#heap[0];
      if (!next || next.at > end) throw new Error(`did not come true within ${limit_ms} ms of virtual time`);
      await this.#step();
    }
  }

  async #step(): Promise<void> {
    const timer = this.#pop();
    if (!timer?.fn) return;
    this.#now = Math.max(this.#now, timer.at);
    timer.fn();
    await settled();
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let i = heap.push(timer) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(timer, heap[parent])) break;
      heap[i] = heap[parent] ?? timer;
      i = parent;
    }
    heap[i] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const [top] = heap;
    const last = heap.pop();
    if (!top || !last || heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[i] = heap[child] ?? last;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}

/** The clock of one process that may die: after `stop` none of its timers fires any more. */
export class ProcessClock implements Clock {
  readonly #clock: Clock;
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, fn: () => void): () => void {
    return this.#clock.after(ms, () => {
      if (!this.#stopped) fn();
    });
  }

  soon(fn: () => void): void {
    this.after(0, fn);
  }

  stop(): void {
    this.#stopped = true;
  }
}

function before(a: Timer | undefined, b: Timer | undefined): boolean {
  if (!a || !b) return false;
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Resolves when every promise that can settle without time passing has settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
