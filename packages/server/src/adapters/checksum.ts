import type { PointerReason } from '@konferenco/core';
import type { Gone } from '@konferenco/protocol';

/** How `entries.gone` is written. */
export const PRESENT = 0;
export const ERASED = 1;
export const EXPIRED = 2;

/** A row of `entries` without the columns that only the indexes need. */
export interface EntryRow {
  readonly seq: number;
  readonly off: number;
  readonly at: number;
  readonly expires: number;
  readonly id: string;
  readonly sender: string;
  readonly gone: number;
  readonly thread: string | null;
  readonly text: string | null;
  readonly body: string | null;
  readonly crc: number;
}

const REASONS: readonly PointerReason[] = ['direct', 'mention', 'notice', 'state'];

export function reasonCode(reason: PointerReason): number {
  return REASONS.indexOf(reason);
}

/** @returns `undefined` when the code is none, which only damage explains. */
export function reasonOf(code: number): PointerReason | undefined {
  return REASONS[code];
}

export function goneOf(code: number): Gone | undefined {
  if (code === ERASED) return 'erased';
  return code === EXPIRED ? 'expired' : undefined;
}

/**
 * CRC-32 over a log's name, the position and everything else of the row. The name rather than its number is covered, so that a
 * row found under the wrong name is noticed too.
 */
export function entryCrc(log: string, row: Omit<EntryRow, 'crc'>): number {
  const { thread } = row;
  const head = `${row.seq} ${row.off} ${row.at} ${row.expires} ${row.gone} ${row.id} ${row.sender} ${log} ${thread ?? ''}`;
  return contentCrcUnder(head, row);
}

/** CRC-32 over `head` and what an entry says; no two pairs of text and body read the same. */
export function contentCrcUnder(head: string, { text, body }: Pick<EntryRow, 'text' | 'body'>): number {
  return Bun.hash.crc32(
    `${head}\n${text === null ? '-' : text.length}\n${body === null ? '-' : body.length}\n${text ?? ''}${body ?? ''}`,
  );
}

export function isIntact(log: string, row: EntryRow): boolean {
  return entryCrc(log, row) === row.crc;
}

export function pointerCrc(key: number, inbox: string, off: number, reason: number): number {
  return Bun.hash.crc32(`${key} ${inbox} ${off} ${reason}`);
}

export function cursorCrc(user: string, device: string, inbox: number): number {
  return Bun.hash.crc32(`${user} ${device} ${inbox}`);
}

export function recordCrc(collection: string, key: string, version: number, value: string): number {
  return Bun.hash.crc32(`${collection}\n${key}\n${version}\n${value}`);
}
