import { canonicalJson } from './canonical-json.ts';
import { CrdtFormatError } from './errors.ts';
import { isTimestamp, type Timestamp } from './timestamp.ts';

/** When and by whom: what "later" is decided by. */
export interface Stamp {
  readonly timestamp: Timestamp;
  /** Who wrote it; decides between equal timestamps, in string order. */
  readonly node: string;
}

/** A value and when it was written. The value is JSON. */
export interface Stamped<T> extends Stamp {
  readonly value: T;
}

/** Negative when `a` is earlier, 0 when both are one stamp. */
export function compareStamps(a: Stamp, b: Stamp): number {
  if (a.timestamp !== b.timestamp) return a.timestamp - b.timestamp;
  return a.node === b.node ? 0 : a.node < b.node ? -1 : 1;
}

/**
 * Whether `candidate` replaces `current`: it is later; of one time, from the greater node; of one stamp, which only a
 * faulty node issues twice, its canonical JSON is greater. So every replica picks the same value in whichever order.
 *
 * @throws {CrdtFormatError} the candidate's timestamp is none.
 */
export function replaces(candidate: Stamped<unknown>, current: Stamped<unknown> | undefined | null): boolean {
  if (!isTimestamp(candidate.timestamp)) throw new CrdtFormatError(`not a timestamp: ${String(candidate.timestamp)}`);
  if (!current) return true;
  const order = compareStamps(candidate, current);
  if (order !== 0) return order > 0;
  return candidate.value !== current.value && canonicalJson(candidate.value) > canonicalJson(current.value);
}
