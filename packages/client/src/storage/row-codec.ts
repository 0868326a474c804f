import { type LocalChange, LocalStoreError, type LocalTable } from './local-store.ts';

/** A change whose value is text already; `null` deletes. */
export interface TextChange {
  readonly table: LocalTable;
  readonly key: string;
  readonly text: string | null;
}

/**
 * The changes with their values as JSON, before any of them takes effect.
 *
 * @throws {TypeError} when a value is no JSON
 */
export function textChanges(changes: readonly LocalChange[]): readonly TextChange[] {
  return changes.map(({ table, key, value }) => {
    if (value === undefined) return { table, key, text: null };
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`The value for ${table} ${key} is no JSON.`);
    return { table, key, text };
  });
}

const SUM_DIGITS = 8;

/** A row's JSON behind a checksum of table, key and text: a row found in another's place is noticed too. */
export function sealed(table: LocalTable, key: string, text: string): string {
  return checksum(`${table} ${key}\n${text}`) + text;
}

/** A table and the keys and sealed values read from it, in the same order. */
export interface SealedRows {
  readonly table: LocalTable;
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
}

/**
 * The values of rows that were sealed.
 *
 * @throws {LocalStoreError} `damaged`, naming all rows that are not as they were written
 */
export function unsealed(rows: SealedRows): readonly unknown[] {
  const { values, damaged } = unsealedOf(rows);
  if (damaged.length > 0) throw damagedRows(rows.table, damaged);
  return values.map(({ value }) => value);
}

/** The rows that are as they were written, and the keys of those that are not. */
export function unsealedOf({ table, keys, values }: SealedRows): {
  readonly values: readonly { readonly key: string; readonly value: unknown }[];
  readonly damaged: readonly string[];
} {
  const whole: { key: string; value: unknown }[] = [];
  const damaged: string[] = [];
  for (const [index, key] of keys.entries()) {
    const row = values[index];
    const text = typeof row === 'string' ? row.slice(SUM_DIGITS) : '';
    if (typeof row === 'string' && row === sealed(table, key, text)) whole.push({ key, value: JSON.parse(text) });
    else damaged.push(key);
  }
  return { values: whole, damaged };
}

function damagedRows(table: LocalTable, keys: readonly string[]): LocalStoreError {
  return new LocalStoreError('damaged', `Rows of ${table} are damaged: ${keys.length}.`, undefined, keys);
}

const POLYNOMIAL = 0xedb88320;
const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  return rest;
});

/** CRC-32 over the UTF-16 units, low byte first, as eight hexadecimal digits. */
export function checksum(text: string): string {
  let rest = 0xffffffff;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    rest = (rest >>> 8) ^ (CRC[(rest ^ unit) & 0xff] as number);
    rest = (rest >>> 8) ^ (CRC[(rest ^ (unit >>> 8)) & 0xff] as number);
  }
  return ((rest ^ 0xffffffff) >>> 0).toString(16).padStart(SUM_DIGITS, '0');
}
