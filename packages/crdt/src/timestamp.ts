/**
 * A hybrid logical timestamp in one number: Unix milliseconds × 256 plus a logical counter. A counter that overflows
 * carries into the milliseconds. Timestamps are safe integers until the year 3084, and sort as numbers do.
 */
export type Timestamp = number;

const COUNTER_STATES = 256;

export const MAX_TIMESTAMP: Timestamp = Number.MAX_SAFE_INTEGER;

/** The Unix milliseconds of a timestamp. */
export function wallOf(timestamp: Timestamp): number {
  return Math.floor(timestamp / COUNTER_STATES);
}

/** The first timestamp of a millisecond. `ms`: Unix milliseconds; fractions are dropped. */
export function timestampOf(ms: number): Timestamp {
  return Math.floor(ms) * COUNTER_STATES;
}

export function isTimestamp(value: unknown): value is Timestamp {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
