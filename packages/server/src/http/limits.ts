import {
  type BucketRate,
  type Clock,
  fullBucket,
  type RequestRates,
  takeTokenMutable,
  type TokenBucket,
  waitFor,
} from '@konferenco/core';
import { Refused } from '../accounts/refused.ts';

/** Requests of one person: REST is for what the socket does not stream. */
export const USER_RATE: BucketRate = { burst: 120, per_s: 10 };
/** Sign-ins and invitation look-ups of one address: a whole venue may stand behind it. */
export const ADDRESS_RATE: BucketRate = { burst: 300, per_s: 10 };

const MAX_KEYS = 100_000;

export interface BucketsOptions {
  /** What is counted, unlike every other kind of buckets of the system. */
  readonly name: string;
  readonly rate: BucketRate;
  readonly clock: Clock;
  /** Counts over all nodes; without it, or while it does not know, this node counts alone. */
  readonly shared?: RequestRates | undefined;
}

/** A token bucket for each key, the least recently used forgotten first. */
export class Buckets {
  readonly #options: BucketsOptions;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: BucketsOptions) {
    this.#options = options;
  }

  /** @throws {Refused} `rate_limited`, with when to try again */
  async take(key: string): Promise<void> {
    const { name, rate, clock, shared } = this.#options;
    if (shared) {
      refuse(waitFor(this.#bucket(key), rate, clock.now()));
      const wait = await shared.tryTake(name, key, rate);
      refuse(wait ?? 0);
      // What the nodes allow together is not refused here for what is counted here alone.
      if (wait === 0) return void takeTokenMutable(this.#bucket(key), rate, clock.now());
    }
    refuse(takeTokenMutable(this.#bucket(key), rate, clock.now()));
  }

  #bucket(key: string): TokenBucket {
    const bucket = this.#buckets.get(key) ?? fullBucket(this.#options.rate, this.#options.clock.now());
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MAX_KEYS) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return bucket;
  }
}

function refuse(retry_after_ms: number): void {
  if (retry_after_ms > 0) throw new Refused('rate_limited', { retry_after_ms });
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
