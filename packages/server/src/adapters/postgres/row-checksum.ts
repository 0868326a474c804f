import { contentCrcUnder, type EntryRow } from '../checksum.ts';

const WORD = 2 ** 32;

/** What the server decides about a row while its log is locked. */
export interface Place {
  readonly seq: number;
  readonly off: number;
  /** Unix ms; 0 where a row has no time. */
  readonly at: number;
}

/** What the caller of an append decides about its row. */
export type Content = Pick<EntryRow, 'expires' | 'gone' | 'id' | 'sender' | 'thread' | 'text' | 'body'>;

/** CRC-32 over a log's name, rather than its number so that a row found under the wrong name is noticed, and the content. */
export function contentCrc(log: string, row: Content): number {
  const { expires, gone, id, sender, thread } = row;
  return contentCrcUnder(`${expires} ${gone} ${id} ${sender} ${log} ${thread ?? ''}`, row);
}

/** What of a pointer its writer decides. */
export function pointerContentCrc(id: string, inbox: string, reason: number): number {
  return Bun.hash.crc32(`${id} ${inbox} ${reason}`);
}

/**
 * The checksum of a row with this content at this place. The server, which has no CRC, computes it too: see
 * {@link PLACED_CRC}. Any one of the three numbers that differs changes it.
 */
export function placedCrc(content: number, { seq, off, at }: Place): number {
  return (content + 31 * (seq % WORD) + 17 * (off % WORD) + (at % WORD)) % WORD;
}

export interface PlacedPointer {
  /** Of the entry it leads to. */
  readonly id: string;
  readonly inbox: string;
  readonly seq: number;
  readonly off: number;
  readonly reason: number;
}

export function placedPointerCrc({ id, inbox, seq, off, reason }: PlacedPointer): number {
  return placedCrc(pointerContentCrc(id, inbox, reason), { seq, off, at: 0 });
}

/** {@link placedCrc} in SQL, as the signed number that is stored. */
export const PLACED_CRC = `
CREATE FUNCTION placed_crc(content bigint, seq bigint, off bigint, at bigint) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT ((content + 31 * seq + 17 * off + at + 2147483648) % 4294967296 - 2147483648)::int
$$`;

export function rowCrc(log: string, row: Content & Place): number {
  return placedCrc(contentCrc(log, row), row);
}

export function isIntact(log: string, row: EntryRow): boolean {
  return rowCrc(log, row) === row.crc;
}
