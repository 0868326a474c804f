import type { Clock } from '@konferenco/core';

/** Waits for answers that hold somebody up: not long, and when that was in vain, not at all for a while. */
export class Patience {
  readonly #clock: Clock;
  readonly #wait_ms: number;
  readonly #rest_ms: number;
  #restsUntil = 0;

  constructor(clock: Clock, { wait_ms = 50, rest_ms = 1_000 } = {}) {
    this.#clock = clock;
    this.#wait_ms = wait_ms;
    this.#rest_ms = rest_ms;
  }

  /** Whether an answer did not come lately, so that nobody should be held up. */
  get isResting(): boolean {
    return this.#clock.now() < this.#restsUntil;
  }

  /** The answer, or `null` when it does not come in time or is an error. */
  async within<T>(answer: Promise<T>): Promise<T | null> {
    let cancel = () => {};
    const late = new Promise<null>((resolve) => {
      // When this process itself was held up, the answer may lie there already: what came is read first.
      cancel = this.#clock.after(this.#wait_ms, () => this.#clock.soon(() => resolve(null)));
    });
    const first = await Promise.race([answer.catch(() => null), late]);
    cancel();
    if (first === null) this.#restsUntil = this.#clock.now() + this.#rest_ms;
    return first;
  }
}
