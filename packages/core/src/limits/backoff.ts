/** Bounds of a back-off, in milliseconds. */
export interface BackoffBounds {
  readonly base_ms: number;
  readonly cap_ms: number;
}

/**
 * Decorrelated jitter: the next pause is uniform between `base_ms` and three times the previous pause (of the first one:
 * three times `base_ms`), or `cap_ms` where that is less: drawn below the cap, not cut at it, where all would meet. Clients that lost their server at the same moment drift apart after few tries, unlike under plain
 * exponential back-off, whose waves stay together.
 *
 * @param previous_ms the pause before; 0 for the first
 * @param random a number in [0, 1)
 * @returns milliseconds to wait
 */
export function decorrelatedJitter(previous_ms: number, random: number, bounds: BackoffBounds): number {
  const ceiling = Math.min(bounds.cap_ms, 3 * Math.max(bounds.base_ms, previous_ms));
  return Math.round(bounds.base_ms + random * (ceiling - bounds.base_ms));
}
