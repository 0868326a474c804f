import { type BucketRate, type Clock, fullBucket, takeTokenMutable, type TokenBucket } from '@konferenco/core';
import { Refused } from '../accounts/refused.ts';

/** Requests of one person: REST is for what the socket does not stream. */
export const USER_RATE: BucketRate = { burst: 120, per_s: 10 };
/** Sign-ins and invitation look-ups of one address: a whole venue may stand behind it. */
export const ADDRESS_RATE: BucketRate = { burst: 300, per_s: 10 };

const MAX_KEYS = 100_000;

/** A token bucket for each key, the least recently used forgotten first. */
export class Buckets {
  readonly #rate: BucketRate;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: BucketRate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** @throws {Refused} `rate_limited`, with when to try again */
  take(key: string): void {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(key) ?? fullBucket(this.#rate, now);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MAX_KEYS) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    const retry_after_ms = takeTokenMutable(bucket, this.#rate, now);
    if (retry_after_ms > 0) throw new Refused('rate_limited', { retry_after_ms });
  }
}

/** The part of an address that one household or host holds: all of IPv4, the first 64 bits of IPv6. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1]) return mapped[1];
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  const rest = tail ? tail.split(':').length : 0;
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest);
  return [...groups, ...Array.from({ length: zeros }, () => '0')].slice(0, 4).join(':').toLowerCase();
}
