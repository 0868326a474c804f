import { Refused } from './refused.ts';

/** Lets work under one key wait for its turn on this node, so that people who race for one row do not collide in the store. */
export class Serial {
  readonly #tails = new Map<string, Promise<unknown>>();
  readonly #max: number;
  #waiting = 0;

  /** `max`: pieces of work that may wait in all. */
  constructor(max = 10_000) {
    this.#max = max;
  }

  /** @throws {Refused} `overloaded` when too much is waiting already. */
  async run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= this.#max) throw new Refused('overloaded');
    this.#waiting++;
    const before = this.#tails.get(key);
    const turn = before ? before.then(work, work) : work();
    this.#tails.set(key, turn);
    try {
      return await turn;
    } finally {
      this.#waiting--;
      if (this.#tails.get(key) === turn) this.#tails.delete(key);
    }
  }
}
