/** Fill level of a token bucket. A plain record, so that a connection carries one for the price of two numbers. */
export interface TokenBucket {
  tokens: number;
  /** Unix ms of the last refill. */
  at: number;
}

/** `burst` tokens at the most, refilled at `per_s` a second. */
export interface BucketRate {
  readonly burst: number;
  readonly per_s: number;
}

export function fullBucket(rate: BucketRate, now: number): TokenBucket {
  return { tokens: rate.burst, at: now };
}

/** Tokens in the bucket at `now`; takes none. */
export function tokensIn({ tokens, at }: TokenBucket, rate: BucketRate, now: number): number {
  return Math.min(rate.burst, tokens + (Math.max(0, now - at) * rate.per_s) / 1000);
}

/** Milliseconds until there is a token; 0 when there is. Takes none. */
export function waitFor(bucket: TokenBucket, rate: BucketRate, now: number): number {
  const tokens = tokensIn(bucket, rate, now);
  return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 1000) / rate.per_s);
}

/** Takes one token: 0 when there was one, else the milliseconds until there is. A clock that steps back refills nothing. */
export function takeTokenMutable(bucket: TokenBucket, rate: BucketRate, now: number): number {
  bucket.tokens = tokensIn(bucket, rate, now);
  bucket.at = now;
  const wait = waitFor(bucket, rate, now);
  if (wait === 0) bucket.tokens -= 1;
  return wait;
}
