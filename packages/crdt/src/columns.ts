import { malformed, readCount, readList } from './format.ts';

/** A column of integers: each as it is, or a value and how often it repeats. */
export type Column = readonly (number | readonly [value: number, times: number])[];

/** Rows a state may have; keeps a short malformed state from unfolding into a large one. */
const MAX_ROWS = 2_000_000;

export function packNumbers(values: readonly number[]): Column {
  const column: (number | [number, number])[] = [];
  for (let at = 0; at < values.length; ) {
    const value = values[at] ?? 0;
    let end = at + 1;
    while (end < values.length && values[end] === value) end += 1;
    if (end - at < 3) for (let times = at; times < end; times += 1) column.push(value);
    else column.push([value, end - at]);
    at = end;
  }
  return column;
}

/** @throws {CrdtFormatError} */
export function unpackNumbers(column: unknown, what: string): number[] {
  const values: number[] = [];
  for (const item of readList(column, what)) {
    const [value, times] = Array.isArray(item) ? [item[0], readCount(item[1], what)] : [item, 1];
    if (!Number.isSafeInteger(value) || values.length + times > MAX_ROWS) throw malformed(what, 'a column of numbers');
    for (let time = 0; time < times; time += 1) values.push(value);
  }
  return values;
}

/** Numbers that change little from row to row: each less the one before. */
export function packDifferences(values: readonly number[]): Column {
  return packNumbers(values.map((value, row) => value - (values[row - 1] ?? 0)));
}

/** @throws {CrdtFormatError} */
export function unpackDifferences(column: unknown, what: string): number[] {
  let value = 0;
  return unpackNumbers(column, what).map((difference) => {
    value += difference;
    return value;
  });
}

/** A column of any values: lists of them, and for values that are texts of one character those characters in a row. */
export type ValueColumn = readonly (string | readonly unknown[])[];

export function packValues(values: readonly unknown[]): ValueColumn {
  const column: (string | unknown[])[] = [];
  for (const value of values) {
    const last = column.at(-1);
    if (isCharacter(value)) {
      if (typeof last === 'string') column[column.length - 1] = last + value;
      else column.push(value);
    } else if (Array.isArray(last)) last.push(value);
    else column.push([value]);
  }
  return column;
}

/** @throws {CrdtFormatError} */
export function unpackValues(column: unknown, what: string): unknown[] {
  const values: unknown[] = [];
  for (const item of readList(column, what)) {
    for (const value of typeof item === 'string' ? item : readList(item, what)) values.push(value);
  }
  return values;
}

/** One code point that stays one beside any other: no half of a surrogate pair. */
function isCharacter(value: unknown): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > 2) return false;
  const code = value.codePointAt(0) ?? 0;
  return value.length === 1 ? code < 0xd800 || code > 0xdfff : code > 0xffff;
}
