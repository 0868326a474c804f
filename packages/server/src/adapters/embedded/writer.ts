import type { Database } from 'bun:sqlite';
import type { Append, Command, Outcome, RecordKey } from '@konferenco/core';
import { inboxLog, type LogName } from '@konferenco/protocol';
import { POINTERS_PER_ENTRY } from '../assert-writable.ts';
import { loneAppend } from './batch-codec.ts';
import {
  cursorCrc,
  ERASED,
  entryCrc,
  type EntryRow,
  isIntact,
  pointerCrc,
  PRESENT,
  reasonCode,
  recordCrc,
} from '../checksum.ts';
import { type LogHead, LogTable } from './log-table.ts';
import type { Reply } from './messages.ts';
import { numberOf } from './schema.ts';

/** An entry found by its id, with the name of its log. */
interface FoundEntry extends EntryRow {
  readonly name: LogName;
}

const ENTRY_COLUMNS = 'seq, off, at, expires, id, sender, gone, thread, text, body, crc';

function prepare(db: Database) {
  return {
    insertEntry: db.query<unknown, (string | number | null)[]>(
      `INSERT INTO entries(seq, log, off, at, expires, id, sender, gone, thread, text, body, crc)
       VALUES(?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?) ON CONFLICT(id, sender) DO NOTHING`,
    ),
    insertPointer: db.query<unknown, number[]>(
      'INSERT INTO pointers(key, inbox, off, reason, crc) VALUES(?, ?, ?, ?, ?)',
    ),
    findId: db.query<FoundEntry, [string, string]>(
      `SELECT e.${ENTRY_COLUMNS.replaceAll(', ', ', e.')}, l.name FROM entries e JOIN logs l ON l.id = e.log WHERE e.id = ? AND e.sender = ?`,
    ),
    findOffset: db.query<EntryRow, [number, number]>(`SELECT ${ENTRY_COLUMNS} FROM entries WHERE log = ? AND off = ?`),
    blank: db.query<unknown, number[]>('UPDATE entries SET gone = ?, text = NULL, body = NULL, crc = ? WHERE seq = ?'),
    unindex: db.query<unknown, [number]>('INSERT INTO unsearchable(seq) VALUES(?)'),
    version: db.query<{ version: number }, [string, string]>(
      'SELECT version FROM records WHERE collection = ? AND key = ?',
    ),
    putRecord: db.query<unknown, (string | number)[]>(
      'INSERT INTO records(collection, key, value, version, crc) VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, version = excluded.version, crc = excluded.crc',
    ),
    dropRecord: db.query<unknown, [string, string]>('DELETE FROM records WHERE collection = ? AND key = ?'),
    putCursor: db.query<unknown, (string | number)[]>(
      'INSERT INTO cursors(user, device, inbox, crc) VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET inbox = excluded.inbox, crc = excluded.crc WHERE excluded.inbox > inbox',
    ),
  };
}

/** Applies commands to the log inside transactions its caller opens and closes. The only writer of its database. */
export class Writer {
  readonly logs: LogTable;
  readonly #db: Database;
  readonly #sql: ReturnType<typeof prepare>;
  #seq: number;
  #lastAt: number;

  constructor(db: Database) {
    this.#db = db;
    this.#sql = prepare(db);
    this.logs = new LogTable(db);
    this.#seq = 0;
    this.#lastAt = 0;
    this.restore();
  }

  /** The newest entry's place in the order of commits. */
  get seq(): number {
    return this.#seq;
  }

  /** Forgets what a rolled back transaction left in memory and reads it again. */
  restore(): void {
    this.logs.forget();
    const trimmed = numberOf(this.#db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'seq'");
    this.#seq = Math.max(trimmed, numberOf(this.#db, 'SELECT max(seq) FROM entries'));
    this.#lastAt = numberOf(this.#db, 'SELECT at FROM entries ORDER BY seq DESC LIMIT 1');
  }

  /** Store time never runs backwards, also when the clock does. Unix ms. */
  stamp(now: number): number {
    this.#lastAt = Math.max(this.#lastAt, now);
    return this.#lastAt;
  }

  /** @returns what the command came to; when it is not `committed`, nothing of it was written. */
  apply(command: Command, at: number): Reply {
    const { appends = [], requires, changes, erases } = command;
    const lone = loneAppend(command);
    if (lone) return this.#applyLoneAppend(lone, at);
    const obstacle = this.#conflictOf(requires ?? []) ?? this.#repeatOf(appends);
    if (obstacle) return obstacle;
    for (const change of changes ?? []) this.#change(change);
    const offsets: number[] = [];
    const inboxes: number[] = [];
    for (const append of appends) {
      const log = this.logs.findOrCreate(append.log);
      if (!this.#insert(append, log, at)) throw new Error(`entry ${append.id} appeared within its own command`);
      offsets.push(log.head);
      this.#notify(append, inboxes);
    }
    for (const erase of erases ?? []) this.#erase(erase.log, erase.offset);
    return offsets.concat(inboxes);
  }

  saveCursor(user: string, device: string, inbox: number): void {
    this.#sql.putCursor.run(user, device, inbox, cursorCrc(user, device, inbox));
  }

  /** Blanks an entry's body, text and search entry. */
  blank(log: LogName, row: EntryRow, gone: number): void {
    const crc = entryCrc(log, { ...row, gone, text: null, body: null });
    this.#sql.blank.run(gone, crc, row.seq);
    if (row.text !== null) this.#sql.unindex.run(row.seq);
  }

  #applyLoneAppend(append: Append, at: number): Reply {
    const log = this.logs.findOrCreate(append.log);
    if (!this.#insert(append, log, at)) return this.#repeat(append) ?? { kind: 'id_reused' };
    if (!append.notify) return [log.head];
    const offsets = [log.head];
    this.#notify(append, offsets);
    return offsets;
  }

  #insert(append: Append, log: LogHead, at: number): boolean {
    const { id, sender, envelope: body, expires_at: expires, thread = null, text = null } = append;
    const seq = this.#seq + 1;
    const off = log.head + 1;
    const crc = entryCrc(log.name, { seq, off, at, expires, id, sender, gone: PRESENT, thread, text, body });
    const { changes } = this.#sql.insertEntry.run(seq, log.id, off, at, expires, id, sender, thread, text, body, crc);
    if (changes === 0) return false;
    this.#seq = seq;
    log.head = off;
    return true;
  }

  #notify(append: Append, into: number[]): void {
    let key = this.#seq * POINTERS_PER_ENTRY;
    for (const { user, reason } of append.notify ?? []) {
      const inbox = this.logs.findOrCreate(inboxLog(user));
      const off = inbox.head + 1;
      const code = reasonCode(reason);
      this.#sql.insertPointer.run(key, inbox.id, off, code, pointerCrc(key, inbox.name, off, code));
      inbox.head = off;
      key += 1;
      into.push(off);
    }
  }

  #conflictOf(requires: NonNullable<Command['requires']>): (Outcome & { kind: 'conflict' }) | null {
    for (const { collection, key, version } of requires) {
      if ((this.#sql.version.get(collection, key)?.version ?? 0) !== version)
        return { kind: 'conflict', collection, key };
    }
    return null;
  }

  #repeatOf(appends: readonly Append[]): Exclude<Reply, readonly number[]> | null {
    const own = new Set<string>();
    for (const append of appends) {
      const repeat = this.#repeat(append);
      if (repeat) return repeat;
      const name = `${append.sender} ${append.id}`;
      if (own.has(name)) return { kind: 'id_reused' };
      own.add(name);
    }
    return null;
  }

  /** What is already stored under the append's id. A blanked entry has no envelope left to compare, so its log decides. */
  #repeat(append: Append): Exclude<Reply, readonly number[]> | null {
    const row = this.#sql.findId.get(append.id, append.sender);
    if (!row) return null;
    const same =
      row.name === append.log && (row.gone !== PRESENT || row.body === append.envelope || !isIntact(row.name, row));
    return same
      ? { kind: 'duplicate', at: row.at, position: { log: append.log, offset: row.off } }
      : { kind: 'id_reused' };
  }

  #change({ collection, key, value }: RecordKey & { readonly value: unknown }): void {
    if (value === null || value === undefined) {
      this.#sql.dropRecord.run(collection, key);
      return;
    }
    const version = (this.#sql.version.get(collection, key)?.version ?? 0) + 1;
    const text = JSON.stringify(value);
    this.#sql.putRecord.run(collection, key, text, version, recordCrc(collection, key, version, text));
  }

  #erase(name: LogName, offset: number): void {
    const log = this.logs.find(name);
    const row = log && this.#sql.findOffset.get(log.id, offset);
    if (row && row.gone === PRESENT) this.blank(name, row, ERASED);
  }
}
