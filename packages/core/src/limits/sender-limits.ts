import { LIMITS, type MessageRule, TAXONOMY } from '@konferenco/protocol';
import type { Rates } from '../ports/rates.ts';
import { RateLimiter } from './rate-limiter.ts';
import { type BucketRate, fullBucket, takeTokenMutable, tokensIn, type TokenBucket } from './token-bucket.ts';

/**
 * Messages written offline leave the outbox under an allowance of their own (M6): as many as an outbox holds at once,
 * and then no faster than people write. It refills within an hour.
 */
export const OUTBOX_ALLOWANCE: BucketRate = { burst: LIMITS.outbox_entries, per_s: LIMITS.outbox_entries / 3600 };

/** The rates of the taxonomy, one limiter for each bucket, and the outbox's allowance. */
export class SenderLimits implements Rates {
  readonly #limiters = new Map<string, RateLimiter>();
  readonly #drains = new Map<string, TokenBucket>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    for (const rule of Object.values(TAXONOMY).flatMap((subtypes): MessageRule[] => Object.values(subtypes))) {
      if (!rule.rate || this.#limiters.has(rule.bucket)) continue;
      this.#limiters.set(rule.bucket, new RateLimiter({ limit: rule.rate.count, window: rule.rate.per_s * 1000, now }));
    }
  }

  /**
   * Counts one message of `user`: 0 when allowed, else the milliseconds to wait.
   *
   * `writtenOffline`: the message is older than the connection it came by.
   */
  tryTake(user: string, rule: MessageRule, writtenOffline: boolean): number {
    const limiter = this.#limiters.get(rule.bucket);
    if (!limiter) return 0;
    if (writtenOffline && rule.guarantee !== 'best_effort' && this.#tryDrain(user)) return 0;
    return limiter.tryTake(user);
  }

  /** What `tryTake` would answer now; counts nothing. */
  waitOf(user: string, rule: MessageRule, writtenOffline: boolean): number {
    const limiter = this.#limiters.get(rule.bucket);
    if (!limiter) return 0;
    if (writtenOffline && rule.guarantee !== 'best_effort') {
      const bucket = this.#drains.get(user);
      if (!bucket || tokensIn(bucket, OUTBOX_ALLOWANCE, this.#now()) >= 1) return 0;
    }
    return limiter.waitOf(user);
  }

  #tryDrain(user: string): boolean {
    const now = this.#now();
    let bucket = this.#drains.get(user);
    if (!bucket) {
      bucket = fullBucket(OUTBOX_ALLOWANCE, now);
      this.#drains.set(user, bucket);
    }
    return takeTokenMutable(bucket, OUTBOX_ALLOWANCE, now) === 0;
  }

  /** Forgets senders whose windows and allowances are whole again. */
  sweep(): void {
    for (const limiter of this.#limiters.values()) limiter.sweep();
    const now = this.#now();
    for (const [user, bucket] of this.#drains) {
      if (tokensIn(bucket, OUTBOX_ALLOWANCE, now) >= OUTBOX_ALLOWANCE.burst) this.#drains.delete(user);
    }
  }
}
