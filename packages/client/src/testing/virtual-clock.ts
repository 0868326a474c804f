import type { Environment } from '../types.ts';

interface Timer {
  readonly at: number;
  readonly fn: () => void;
}

/** Time that passes only when a test says so. */
export class VirtualClock implements Pick<Environment, 'now' | 'after'> {
  #now: number;
  #timers: Timer[] = [];

  constructor(start = 1_900_000_000_000) {
    this.#now = start;
  }

  readonly now = (): number => this.#now;

  readonly after = (ms: number, fn: () => void): (() => void) => {
    const timer = { at: this.#now + ms, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  /** Timers that have not run and were not cancelled. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Jumps ahead, as for a program that did not run meanwhile: no timer runs. */
  skip(ms: number): void {
    this.#timers = [];
    this.#now += ms;
  }

  /** Lets `ms` pass; due timers run in order, and promises settle after each. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.fn();
      await settle();
    }
    this.#now = end;
  }
}

/** Lets every promise that can settle do so: a macrotask starts only when no microtask is left. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
