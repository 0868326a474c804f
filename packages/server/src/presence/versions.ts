/** Numbers that grow, also over restarts as long as the clock does: Unix ms, or the number after the last. */
export class Versions {
  readonly #now: () => number;
  #last = 0;

  /** `now` in Unix ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  next(): number {
    this.#last = Math.max(this.#now(), this.#last + 1);
    return this.#last;
  }
}
