import type { Clock } from '@konferenco/core';

/** Refusals remembered at once. */
const MOST = 50_000;

/** What Redis refused lately, so that whoever goes on costs Redis nothing. */
export class Refusals {
  readonly #clock: Clock;
  /** Unix ms when Redis may allow it again. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds to wait; 0 or less: ask. */
  waitOf(key: string): number {
    return (this.#until.get(key) ?? 0) - this.#clock.now();
  }

  note(key: string, wait_ms: number): void {
    if (this.#until.size >= MOST) this.sweep();
    if (this.#until.size >= MOST) this.#until.clear();
    this.#until.set(key, this.#clock.now() + wait_ms);
  }

  /** Forgets what is over. */
  sweep(): void {
    const now = this.#clock.now();
    for (const [key, until] of this.#until) if (until <= now) this.#until.delete(key);
  }
}
