import type { Database, Statement } from 'bun:sqlite';
import type { Page, Range, StoredEntry, StoredPointer, StoredRecord } from '@konferenco/core';
import { type Gap, inboxLog, type LogName, type LogState } from '@konferenco/protocol';
import { POINTERS_PER_ENTRY } from '../assert-writable.ts';
import { cutPage, retentionGap } from '../page.ts';
import { cursorCrc, type EntryRow, goneOf, isIntact, pointerCrc, PRESENT, reasonOf, recordCrc } from '../checksum.ts';
import type { WorkerNews } from './worker-host.ts';

interface LogRow {
  readonly id: number;
  readonly first: number;
  readonly head: number;
  readonly top: number | null;
}
interface PointerRow {
  readonly key: number;
  readonly off: number;
  readonly reason: number;
  readonly crc: number;
}
interface RecordRow {
  readonly key: string;
  readonly value: string;
  readonly version: number;
  readonly crc: number;
}
interface OpenLogRow extends LogState {
  readonly id: number;
  readonly name: LogName;
}

const COLUMNS = 'seq, off, at, expires, id, sender, gone, thread, text, body, crc';
const EMPTY: LogState = { first: 0, head: 0 };

function prepare(db: Database) {
  return {
    log: db.query<LogRow, [string]>(
      `SELECT id, first, head, max(
         coalesce((SELECT max(off) FROM entries WHERE log = logs.id), 0),
         coalesce((SELECT max(off) FROM pointers WHERE inbox = logs.id), 0)) AS top FROM logs WHERE name = ?`,
    ),
    logName: db.query<{ name: LogName }, [number]>('SELECT name FROM logs WHERE id = ?'),
    up: db.query<EntryRow, number[]>(
      `SELECT ${COLUMNS} FROM entries WHERE log = ? AND off > ? AND off < ? ORDER BY off LIMIT ?`,
    ),
    down: db.query<EntryRow, number[]>(
      `SELECT ${COLUMNS} FROM entries WHERE log = ? AND off > ? AND off < ? ORDER BY off DESC LIMIT ?`,
    ),
    threadUp: db.query<EntryRow, (number | string)[]>(
      `SELECT ${COLUMNS} FROM entries WHERE log = ? AND off > ? AND off < ? AND thread = ? ORDER BY off LIMIT ?`,
    ),
    threadDown: db.query<EntryRow, (number | string)[]>(
      `SELECT ${COLUMNS} FROM entries WHERE log = ? AND off > ? AND off < ? AND thread = ? ORDER BY off DESC LIMIT ?`,
    ),
    pointersUp: db.query<PointerRow, number[]>(
      'SELECT key, off, reason, crc FROM pointers WHERE inbox = ? AND off > ? AND off < ? ORDER BY off LIMIT ?',
    ),
    pointersDown: db.query<PointerRow, number[]>(
      'SELECT key, off, reason, crc FROM pointers WHERE inbox = ? AND off > ? AND off < ? ORDER BY off DESC LIMIT ?',
    ),
    bySeq: db.query<EntryRow & { log: number }, [number]>(`SELECT log, ${COLUMNS} FROM entries WHERE seq = ?`),
    byId: db.query<EntryRow, [number, string]>(`SELECT ${COLUMNS} FROM entries WHERE log = ? AND id = ? LIMIT 1`),
    cursor: db.query<{ inbox: number; crc: number }, [string, string]>(
      'SELECT inbox, crc FROM cursors WHERE user = ? AND device = ?',
    ),
    record: db.query<RecordRow, [string, string]>(
      'SELECT key, value, version, crc FROM records WHERE collection = ? AND key = ?',
    ),
    records: db.query<RecordRow, (string | number)[]>(
      'SELECT key, value, version, crc FROM records WHERE collection = ? AND key > ? AND key >= ? ORDER BY key LIMIT ?',
    ),
  };
}

/** Reads the log, verifying every row; what does not verify is reported and never served. */
export class Reader {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #news: Pick<WorkerNews, 'damage'>;
  readonly #db: Database;

  constructor(db: Database, news: Pick<WorkerNews, 'damage'>) {
    this.#db = db;
    this.#sql = prepare(db);
    this.#news = news;
  }

  states(names: readonly LogName[]): LogState[] {
    return this.#snapshot(() =>
      names.map((name) => {
        const log = this.#open(name);
        return log ? { first: log.first, head: log.head } : EMPTY;
      }),
    );
  }

  read(name: LogName, range: Range, now: number): Page<StoredEntry> {
    return this.#snapshot(() => {
      const log = this.#open(name);
      if (!log) return { ...EMPTY, entries: [], has_more: false };
      const found = this.#rows(log, range);
      const { entries, has_more } = cutPage(
        found.map((row) => this.#entry(name, row, now)),
        range,
      );
      const upward = range.after !== undefined;
      if (!upward) entries.reverse();
      const gap =
        retentionGap(range.after, log.first) ??
        (range.thread === undefined ? this.#holeIn(log, entries, { range, has_more }) : undefined);
      return { first: log.first, head: log.head, entries, has_more, ...(gap && { gap }) };
    });
  }

  readInbox(user: string, range: Range, now: number): Page<StoredPointer> {
    return this.#snapshot(() => {
      const inbox = this.#open(inboxLog(user));
      if (!inbox) return { ...EMPTY, entries: [], has_more: false };
      const [above, below] = boundsOf(inbox, range);
      const upward = range.after !== undefined;
      const rows = (upward ? this.#sql.pointersUp : this.#sql.pointersDown).all(
        inbox.id,
        above,
        below,
        range.limit + 1,
      );
      const bad: number[] = [];
      const pointers: StoredPointer[] = [];
      for (const row of rows) {
        const pointer = this.#pointer(inbox, row, now);
        if (pointer) pointers.push(pointer);
        else bad.push(row.off);
      }
      const { entries, has_more } = cutPage(pointers, range);
      if (!upward) entries.reverse();
      const damage: Gap | undefined =
        bad.length > 0 ? { from: Math.min(...bad), to: Math.max(...bad), reason: 'damage' } : undefined;
      const gap = retentionGap(range.after, inbox.first) ?? damage;
      return { first: inbox.first, head: inbox.head, entries, has_more, ...(gap && { gap }) };
    });
  }

  locate(name: LogName, id: string, now: number): StoredEntry | null {
    return this.#snapshot(() => {
      const log = this.#open(name);
      const row = log && this.#sql.byId.get(log.id, id);
      return row && row.off >= log.first ? this.#entry(name, row, now) : null;
    });
  }

  cursor(user: string, device: string): number | null {
    const row = this.#sql.cursor.get(user, device);
    if (!row) return null;
    if (row.crc === cursorCrc(user, device, row.inbox)) return row.inbox;
    this.#news.damage(`the inbox cursor of ${user}, device ${device}, is damaged and reads as never saved`);
    return null;
  }

  /** @throws {Error} when the record is damaged: rights must not be decided on a guess. */
  get(collection: string, key: string): StoredRecord | null {
    const row = this.#sql.record.get(collection, key);
    return row && this.#record(collection, row);
  }

  list(collection: string, prefix: string, page: { after: string; limit: number }): StoredRecord[] {
    const rows = this.#sql.records.all(collection, page.after, prefix, page.limit);
    const end = rows.findIndex((row) => !row.key.startsWith(prefix));
    return (end < 0 ? rows : rows.slice(0, end)).map((row) => this.#record(collection, row));
  }

  /** The log and the entry at `seq`, if it may still be found by search. */
  searchable(seq: number, now: number): { log: LogName; entry: StoredEntry; text: string } | null {
    const row = this.#sql.bySeq.get(seq);
    if (!row || row.text === null || row.gone !== PRESENT || row.expires <= now) return null;
    const log = this.#sql.logName.get(row.log)?.name;
    if (log === undefined || !isIntact(log, row)) {
      this.#news.damage(`entry ${seq} is damaged and left out of a search`);
      return null;
    }
    return { log, entry: this.#entry(log, row, now), text: row.text };
  }

  logId(name: LogName): number | null {
    return this.#sql.log.get(name)?.id ?? null;
  }

  /** All statements inside see one state of the log. */
  #snapshot<T>(work: () => T): T {
    this.#db.run('BEGIN');
    try {
      return work();
    } finally {
      this.#db.run('COMMIT');
    }
  }

  #open(name: LogName): OpenLogRow | null {
    const row = this.#sql.log.get(name);
    const head = Math.max(row?.head ?? 0, row?.top ?? 0);
    return row && head > 0 ? { id: row.id, name, first: row.first, head } : null;
  }

  #rows(log: OpenLogRow, range: Range): EntryRow[] {
    const [above, below] = boundsOf(log, range);
    const limit = range.limit + 1;
    if (range.thread !== undefined) {
      const inThread = range.after !== undefined ? this.#sql.threadUp : this.#sql.threadDown;
      return inThread.all(log.id, above, below, range.thread, limit);
    }
    const all: Statement<EntryRow, number[]> = range.after !== undefined ? this.#sql.up : this.#sql.down;
    return all.all(log.id, above, below, limit);
  }

  #entry(log: LogName, row: EntryRow, now: number): StoredEntry {
    const base = { offset: row.off, at: row.at, id: row.id, sender: row.sender };
    if (!isIntact(log, row)) {
      this.#news.damage(`entry ${row.off} of ${log} is damaged`);
      return { ...base, envelope: null, gone: 'damaged' };
    }
    const gone = goneOf(row.gone) ?? (row.expires <= now ? 'expired' : undefined);
    if (!gone) return { ...base, envelope: row.body };
    return { ...base, envelope: null, gone, ...(row.thread === null ? {} : { thread: row.thread }) };
  }

  #pointer(inbox: OpenLogRow, row: PointerRow, now: number): StoredPointer | null {
    const target = this.#sql.bySeq.get(Math.floor(row.key / POINTERS_PER_ENTRY));
    const log = target ? this.#sql.logName.get(target.log)?.name : undefined;
    const reason = reasonOf(row.reason);
    if (target && log !== undefined && reason && row.crc === pointerCrc(row.key, inbox.name, row.off, row.reason)) {
      return { ...this.#entry(log, target, now), inbox: row.off, reason, log };
    }
    this.#news.damage(`pointer ${row.off} of ${inbox.name} is damaged`);
    return null;
  }

  #record(collection: string, row: RecordRow): StoredRecord {
    if (row.crc !== recordCrc(collection, row.key, row.version, row.value)) {
      const damage = `record ${row.key} of ${collection} is damaged`;
      this.#news.damage(damage);
      throw new Error(damage);
    }
    return { key: row.key, value: JSON.parse(row.value), version: row.version };
  }

  /** The first run of offsets within the page that no row answers for. Offsets are gapless, so only damage explains it. */
  #holeIn(
    log: OpenLogRow,
    entries: readonly StoredEntry[],
    { range, has_more }: { range: Range; has_more: boolean },
  ): Gap | undefined {
    const upward = range.after !== undefined;
    const [above, below] = boundsOf(log, range);
    let expected = upward || !has_more ? above + 1 : (entries[0]?.offset ?? above + 1);
    const end = upward && has_more ? (entries.at(-1)?.offset ?? above) : below - 1;
    for (const { offset } of [...entries, { offset: end + 1 }]) {
      if (offset > expected) {
        this.#news.damage(`entries ${expected} to ${offset - 1} of ${log.name} are missing`);
        return { from: expected, to: offset - 1, reason: 'damage' };
      }
      expected = offset + 1;
    }
    return undefined;
  }
}

/** Exclusive offsets between which a range reads: nothing before `first`, nothing beyond the head. */
function boundsOf(log: LogState, range: Range): [above: number, below: number] {
  const above = Math.max(range.after ?? 0, log.first - 1);
  return [above, Math.min(range.before ?? log.head + 1, log.head + 1)];
}
