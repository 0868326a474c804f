import { Refused } from '../accounts/refused.ts';

const RETRY_MS = 2_000;

/** Lets a few pieces of work go on at the same time, and a bounded number wait for their turn. */
export class Slots {
  readonly #most: number;
  readonly #mayWait: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number, mayWait: number) {
    this.#most = most;
    this.#mayWait = mayWait;
  }

  /** @throws {Refused} `overloaded` when too many wait already */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#taken < this.#most) this.#taken++;
    else {
      if (this.#waiting.length >= this.#mayWait) throw new Refused('overloaded', { retry_after_ms: RETRY_MS });
      // Whoever ends hands the slot over.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#taken--;
    }
  }
}

/** Memory for bodies on their way in: what does not fit is told to come again. */
export class ByteBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Takes `bytes`; the answer gives them back, once. @throws {Refused} `overloaded` */
  take(bytes: number): () => void {
    if (bytes > this.#left) throw new Refused('overloaded', { retry_after_ms: RETRY_MS });
    this.#left -= bytes;
    let isTaken = true;
    return () => {
      if (isTaken) this.#left += bytes;
      isTaken = false;
    };
  }
}
