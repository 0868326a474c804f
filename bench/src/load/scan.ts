import { byteAt } from './frame.ts';

/**
 * Looking into frames without parsing them. The patterns hold a quotation mark or do not occur in any name used here,
 * and a quotation mark inside a JSON string is escaped, so a match is never part of what somebody said.
 */

/** How often `pattern` occurs in `bytes` between `start` and `end`; `stride`: bytes that separate two at the least. */
export function occurrences(
  bytes: Buffer,
  pattern: Buffer,
  start: number,
  end: number,
  stride = pattern.length,
): number {
  let count = 0;
  for (let at = find(bytes, pattern, start, end); at >= 0; at = find(bytes, pattern, at + stride, end)) count++;
  return count;
}

/** Where `pattern` first lies wholly between `start` and `end`, or -1. */
export function find(bytes: Buffer, pattern: Buffer, start: number, end: number): number {
  if (start >= end) return -1;
  const at = bytes.indexOf(pattern, start);
  return at >= 0 && at + pattern.length <= end ? at : -1;
}

export function matches(bytes: Buffer, pattern: Buffer, start: number, end: number): boolean {
  if (end - start < pattern.length) return false;
  for (let at = 0; at < pattern.length; at++) if (byteAt(bytes, start + at) !== byteAt(pattern, at)) return false;
  return true;
}

/** The decimal number whose digits begin at `at`. */
export function digits(bytes: Buffer, at: number): number {
  let value = 0;
  for (let next = at; ; next++) {
    const digit = byteAt(bytes, next) - 48;
    if (digit < 0 || digit > 9) return value;
    value = value * 10 + digit;
  }
}

const MARK = Buffer.from('@@');
const SEQUENCE_DIGITS = 10;

/** A text of `size` ASCII bytes (at least 12) that carries the number `sequence`. */
export function numberedText(sequence: number, size: number): string {
  return `@@${String(sequence).padStart(SEQUENCE_DIGITS, '0')}`.padEnd(size, 'x');
}

/** Where the digits of the next numbered text between `start` and `end` begin, or -1; `digits` reads them. */
export function nextNumber(bytes: Buffer, start: number, end: number): number {
  const at = find(bytes, MARK, start, end);
  return at < 0 ? -1 : at + MARK.length;
}

/** Hands the number of each numbered text in the range to `take`, in order. */
export function eachNumber(
  bytes: Buffer,
  range: { start: number; end: number },
  take: (sequence: number) => void,
): void {
  for (let at = nextNumber(bytes, range.start, range.end); at >= 0; at = nextNumber(bytes, at, range.end)) {
    take(digits(bytes, at));
  }
}
