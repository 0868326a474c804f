/** A sender was faster than its rate. */
export class RateLimitExceededError extends Error {
  override readonly name = 'RateLimitExceededError';
  /** Milliseconds after which the same message is accepted. */
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super(`rate limit exceeded, try again in ${Math.ceil(retryAfterMs / 1000)} s`);
    this.retryAfterMs = retryAfterMs;
  }
}

export interface RateLimiterOptions {
  /** Messages allowed in any window. */
  readonly limit: number;
  /** Length of the window, milliseconds. */
  readonly window: number;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

interface Ring {
  readonly times: Float64Array;
  /** Index of the oldest time. */
  oldest: number;
}

/**
 * Exact sliding window: at most `limit` takes of one key in any `window` milliseconds.
 *
 * Keeps `limit` times for each key that was active within the window; `sweep` forgets the others.
 */
export class RateLimiter {
  readonly #limit: number;
  readonly #window: number;
  readonly #now: () => number;
  readonly #rings = new Map<string, Ring>();

  constructor({ limit, window, now = () => Date.now() }: RateLimiterOptions) {
    if (!(limit >= 1) || !(window > 0)) throw new RangeError('limit and window must be positive');
    this.#limit = limit;
    this.#window = window;
    this.#now = now;
  }

  /** Counts one message of `key`: 0 when it is within the rate, else the milliseconds to wait (and nothing is counted). */
  tryTake(key: string): number {
    const now = this.#now();
    let ring = this.#rings.get(key);
    if (!ring) {
      ring = { times: new Float64Array(this.#limit).fill(Number.NEGATIVE_INFINITY), oldest: 0 };
      this.#rings.set(key, ring);
    }
    const wait = (ring.times[ring.oldest] ?? 0) + this.#window - now;
    if (wait > 0) return wait;
    ring.times[ring.oldest] = now;
    ring.oldest = (ring.oldest + 1) % this.#limit;
    return 0;
  }

  /** What `tryTake` would answer now; counts nothing. */
  waitOf(key: string): number {
    const ring = this.#rings.get(key);
    return ring ? Math.max(0, (ring.times[ring.oldest] ?? 0) + this.#window - this.#now()) : 0;
  }

  /** @throws {RateLimitExceededError} when `key` has used up its window. */
  take(key: string): void {
    const wait = this.tryTake(key);
    if (wait > 0) throw new RateLimitExceededError(wait);
  }

  /** Forgets keys that were silent for a whole window. */
  sweep(): void {
    const horizon = this.#now() - this.#window;
    for (const [key, ring] of this.#rings) {
      const newest = ring.times[(ring.oldest + this.#limit - 1) % this.#limit] ?? 0;
      if (newest <= horizon) this.#rings.delete(key);
    }
  }

  /** Keys remembered at the moment. */
  get size(): number {
    return this.#rings.size;
  }
}
