import type { Page, Range, StoredEntry, StoredPointer, StoredRecord } from '@konferenco/core';
import { type Gap, inboxLog, isUuidV7, type LogName, type LogState } from '@konferenco/protocol';
import { cursorCrc, type EntryRow, goneOf, reasonOf, recordCrc } from '../checksum.ts';
import { cutPage, retentionGap } from '../page.ts';
import { textArray } from './arrays.ts';
import type { ReadPool } from './read-pool.ts';
import { isIntact, placedPointerCrc } from './row-checksum.ts';
import { ENTRY, entryOf } from './statements.ts';

const EMPTY: LogState = { first: 0, head: 0 };
/** Beyond every offset. */
const NO_BOUND = Number.MAX_SAFE_INTEGER;

/** The log with each row of a page; the row's columns are null when there is none. */
type LogRow<R> = LogState & (R | { readonly [K in keyof R]: null });

interface PointerColumns extends EntryRow {
  readonly inbox: number;
  readonly reason: number;
  readonly pointer_crc: number;
  readonly pointer_seq: number;
  readonly log: LogName | null;
}

/** Reads the log, verifying every row; what does not verify is reported and never served. */
export class Reader {
  readonly #pool: ReadPool;
  readonly #damage: (text: string) => void;

  constructor(pool: ReadPool, damage: (text: string) => void) {
    this.#pool = pool;
    this.#damage = damage;
  }

  async states(names: readonly LogName[]): Promise<LogState[]> {
    if (names.length === 0) return [];
    const rows = await this.#pool.query<LogState & { name: LogName }>(
      'SELECT name, first::float8, head::float8 FROM logs WHERE name = ANY($1::text[]) AND head > 0',
      [textArray(names)],
    );
    const found = new Map(rows.map(({ name, first, head }) => [name, { first, head }]));
    return names.map((name) => found.get(name) ?? EMPTY);
  }

  /** One statement, so that the log and its entries are of one moment. */
  async read(name: LogName, range: Range, now: number): Promise<Page<StoredEntry>> {
    const upward = range.after !== undefined;
    const inThread = range.thread === undefined ? '' : 'AND thread = $5';
    const rows = await this.#pool.query<LogRow<EntryRow>>(
      `SELECT l.first::float8, l.head::float8, ${ENTRY} FROM logs l LEFT JOIN LATERAL (
         SELECT * FROM entries WHERE log = l.id AND off > greatest($2::bigint, l.first - 1) AND off < least($3::bigint, l.head + 1)
         ${inThread} ORDER BY off ${upward ? '' : 'DESC'} LIMIT $4::int) e ON true
       WHERE l.name = $1 AND l.head > 0 ORDER BY e.off ${upward ? '' : 'DESC'}`,
      [
        name,
        range.after ?? 0,
        range.before ?? NO_BOUND,
        range.limit + 1,
        ...(range.thread === undefined ? [] : [range.thread]),
      ],
    );
    const [log] = rows;
    if (!log) return { ...EMPTY, entries: [], has_more: false };
    const found = rows.flatMap((row) => (row.seq === null ? [] : [this.entry(name, entryOf(row), now)]));
    const { entries, has_more } = cutPage(found, range);
    if (!upward) entries.reverse();
    const state = { first: log.first, head: log.head };
    const gap =
      retentionGap(range.after, state.first) ??
      (range.thread === undefined ? this.#holeIn({ ...state, name }, entries, { range, has_more }) : undefined);
    return { ...state, entries, has_more, ...(gap && { gap }) };
  }

  async readInbox(user: string, range: Range, now: number): Promise<Page<StoredPointer>> {
    const name = inboxLog(user);
    const upward = range.after !== undefined;
    const order = upward ? '' : 'DESC';
    const rows = await this.#pool.query<LogRow<PointerColumns>>(
      `SELECT l.first::float8, l.head::float8, p.off::float8 AS inbox, p.reason::int, p.crc AS pointer_crc,
         p.seq::float8 AS pointer_seq, t.name AS log, ${ENTRY}
       FROM logs l LEFT JOIN LATERAL (
         SELECT * FROM pointers WHERE inbox = l.id AND off > greatest($2::bigint, l.first - 1) AND off < least($3::bigint, l.head + 1)
         ORDER BY off ${order} LIMIT $4::int) p ON true
       LEFT JOIN entries e ON e.id = p.id AND e.seq = p.seq LEFT JOIN logs t ON t.id = e.log
       WHERE l.name = $1 AND l.head > 0 ORDER BY p.off ${order}`,
      [name, range.after ?? 0, range.before ?? NO_BOUND, range.limit + 1],
    );
    const [log] = rows;
    if (!log) return { ...EMPTY, entries: [], has_more: false };
    const bad: number[] = [];
    const pointers: StoredPointer[] = [];
    for (const row of rows) {
      if (row.inbox === null) continue;
      const pointer = this.#pointer(name, row as PointerColumns, now);
      if (pointer) pointers.push(pointer);
      else bad.push(row.inbox);
    }
    const { entries, has_more } = cutPage(pointers, range);
    if (!upward) entries.reverse();
    const damage: Gap | undefined =
      bad.length > 0 ? { from: Math.min(...bad), to: Math.max(...bad), reason: 'damage' } : undefined;
    const gap = retentionGap(range.after, log.first) ?? damage;
    return { first: log.first, head: log.head, entries, has_more, ...(gap && { gap }) };
  }

  async locate(name: LogName, id: string, now: number): Promise<StoredEntry | null> {
    if (!isUuidV7(id)) return null;
    const [row] = await this.#pool.query<EntryRow>(
      `SELECT ${ENTRY} FROM entries e JOIN logs l ON l.id = e.log
       WHERE e.id = $2::uuid AND l.name = $1 AND e.off >= l.first ORDER BY e.off LIMIT 1`,
      [name, id],
    );
    return row ? this.entry(name, entryOf(row), now) : null;
  }

  async cursor(user: string, device: string): Promise<number | null> {
    const [row] = await this.#pool.query<{ inbox: number; crc: number }>(
      'SELECT inbox::float8, crc FROM cursors WHERE person = $1 AND device = $2',
      [user, device],
    );
    if (!row) return null;
    if (row.crc >>> 0 === cursorCrc(user, device, row.inbox)) return row.inbox;
    this.#damage(`the inbox cursor of ${user}, device ${device}, is damaged and reads as never saved`);
    return null;
  }

  /** @throws {Error} when the record is damaged: rights must not be decided on a guess. */
  async get(collection: string, key: string): Promise<StoredRecord | null> {
    const [row] = await this.#pool.query<RecordRow>(
      'SELECT key, value, version::float8, crc FROM records WHERE collection = $1 AND key = $2 AND value IS NOT NULL',
      [collection, key],
    );
    return row ? this.#record(collection, row) : null;
  }

  async list(
    collection: string,
    prefix: string,
    { after = '', limit }: { readonly after?: string; readonly limit: number },
  ): Promise<StoredRecord[]> {
    const rows = await this.#pool.query<RecordRow>(
      `SELECT key, value, version::float8, crc FROM records
       WHERE collection = $1 AND key > $2 AND key >= $3 AND value IS NOT NULL ORDER BY key LIMIT $4::int`,
      [collection, after, prefix, limit],
    );
    const end = rows.findIndex((row) => !row.key.startsWith(prefix));
    return (end < 0 ? [...rows] : rows.slice(0, end)).map((row) => this.#record(collection, row));
  }

  /** An entry as it is told; damaged ones are told as such and reported. */
  entry(log: LogName, row: EntryRow, now: number): StoredEntry {
    const base = { offset: row.off, at: row.at, id: row.id, sender: row.sender };
    if (!isIntact(log, row)) {
      this.#damage(`entry ${row.off} of ${log} is damaged`);
      return { ...base, envelope: null, gone: 'damaged' };
    }
    const gone = goneOf(row.gone) ?? (row.expires <= now ? 'expired' : undefined);
    if (!gone) return { ...base, envelope: row.body };
    return { ...base, envelope: null, gone, ...(row.thread === null ? {} : { thread: row.thread }) };
  }

  #pointer(inbox: LogName, row: PointerColumns, now: number): StoredPointer | null {
    const reason = reasonOf(row.reason);
    const crc = placedPointerCrc({ id: row.id, inbox, seq: row.pointer_seq, off: row.inbox, reason: row.reason });
    if (row.log !== null && reason && row.pointer_crc >>> 0 === crc) {
      return { ...this.entry(row.log, entryOf(row), now), inbox: row.inbox, reason, log: row.log };
    }
    this.#damage(`pointer ${row.inbox} of ${inbox} is damaged`);
    return null;
  }

  #record(collection: string, row: RecordRow): StoredRecord {
    if (row.crc >>> 0 !== recordCrc(collection, row.key, row.version, row.value)) {
      const damage = `record ${row.key} of ${collection} is damaged`;
      this.#damage(damage);
      throw new Error(damage);
    }
    return { key: row.key, value: JSON.parse(row.value), version: row.version };
  }

  /** The first run of offsets within the page that no row answers for. Offsets are gapless, so only damage explains it. */
  #holeIn(
    log: LogState & { readonly name: LogName },
    entries: readonly StoredEntry[],
    { range, has_more }: { range: Range; has_more: boolean },
  ): Gap | undefined {
    const upward = range.after !== undefined;
    const above = Math.max(range.after ?? 0, log.first - 1);
    const below = Math.min(range.before ?? log.head + 1, log.head + 1);
    let expected = upward || !has_more ? above + 1 : (entries[0]?.offset ?? above + 1);
    const end = upward && has_more ? (entries.at(-1)?.offset ?? above) : below - 1;
    for (const { offset } of [...entries, { offset: end + 1 }]) {
      if (offset > expected) {
        this.#damage(`entries ${expected} to ${offset - 1} of ${log.name} are missing`);
        return { from: expected, to: offset - 1, reason: 'damage' };
      }
      expected = offset + 1;
    }
    return undefined;
  }
}

interface RecordRow {
  readonly key: string;
  readonly value: string;
  readonly version: number;
  readonly crc: number;
}
