import type { MessageRule } from '@konferenco/protocol';
import type { BucketRate } from '../limits/token-bucket.ts';

/** The rates at which people may send. */
export interface Rates {
  /**
   * Counts one message of `user`: 0 when it is within the rate, else the milliseconds to wait (and nothing is counted).
   * A promise only where nodes count together; it resolves within 100 ms and never rejects.
   *
   * `writtenOffline`: the message is older than the connection it came by, and may leave under the outbox's allowance.
   */
  tryTake(user: string, rule: MessageRule, writtenOffline: boolean): number | Promise<number>;
  /** Forgets senders whose rates are whole again. */
  sweep(): void;
}

/** Token buckets that nodes count together, for what is asked over requests. */
export interface RequestRates {
  /**
   * Takes a token of `key` from its bucket of the kind `name`.
   *
   * @returns 0 when there was one, else the milliseconds until there is (and none is taken); `null` when it could not be found
   * out within 100 ms, so that the node decides alone. Never rejects.
   */
  tryTake(name: string, key: string, rate: BucketRate): Promise<number | null>;
}

/** What may be used once on all nodes together. */
export interface SingleUse {
  /**
   * Uses `key` up, for `ttl_ms` at least.
   *
   * @returns `first` or `used`; `unknown` when it could not be found out within 100 ms. Never rejects.
   */
  claim(key: string, ttl_ms: number): Promise<'first' | 'used' | 'unknown'>;
}
