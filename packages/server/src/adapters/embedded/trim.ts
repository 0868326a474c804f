import type { Database } from 'bun:sqlite';
import { LIMITS, type LogName } from '@konferenco/protocol';
import { POINTERS_PER_ENTRY } from '../assert-writable.ts';
import { EXPIRED, type EntryRow } from '../checksum.ts';
import type { Writer } from './writer.ts';

/** Entries one transaction trims, so that commits get their turn between. */
const CHUNK = 500;

function prepare(db: Database) {
  return {
    expired: db.query<EntryRow & { name: LogName }, [number, number]>(
      `SELECT e.seq, e.off, e.at, e.expires, e.id, e.sender, e.gone, e.thread, e.text, e.body, e.crc, l.name
       FROM entries e JOIN logs l ON l.id = e.log WHERE e.gone <> 2 AND e.expires <= ? ORDER BY e.expires LIMIT ?`,
    ),
    firstLeft: db.query<{ off: number | null }, [number, number]>(
      'SELECT off FROM entries WHERE log = ? AND off >= ? AND gone <> 2 ORDER BY off LIMIT 1',
    ),
    firstPointerLeft: db.query<{ off: number | null }, [number, number]>(
      `SELECT p.off FROM pointers p JOIN entries e ON e.seq = p.key / ${POINTERS_PER_ENTRY}
       WHERE p.inbox = ? AND p.off >= ? AND e.gone <> 2 ORDER BY p.off LIMIT 1`,
    ),
    inboxes: db.query<{ inbox: number }, [number, number]>(
      'SELECT DISTINCT inbox FROM pointers WHERE key >= ? AND key < ?',
    ),
    raise: db.query<unknown, number[]>('UPDATE logs SET first = ?, head = ? WHERE id = ?'),
    dropPointers: db.query<unknown, [number, number]>('DELETE FROM pointers WHERE inbox = ? AND off < ?'),
    dropEntries: db.query<unknown, [number, number]>(
      `DELETE FROM entries WHERE seq IN (
         SELECT e.seq FROM entries e JOIN logs l ON l.id = e.log
         WHERE e.gone = 2 AND e.at < ? AND e.off < l.first AND NOT EXISTS (
           SELECT 1 FROM pointers WHERE key >= e.seq * ${POINTERS_PER_ENTRY} AND key < (e.seq + 1) * ${POINTERS_PER_ENTRY})
         LIMIT ?)`,
    ),
    rememberSeq: db.query<unknown, [string]>(
      "INSERT INTO meta(key, value) VALUES('seq', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    ),
    dropRemovals: db.query<unknown, [number]>('DELETE FROM unsearchable WHERE n <= ?'),
  };
}

/** Retention, a chunk at a time, inside transactions its caller opens and closes. */
export class Trimmer {
  readonly #writer: Writer;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Database, writer: Writer) {
    this.#writer = writer;
    this.#sql = prepare(db);
  }

  /**
   * Blanks expired entries, raises `first` past leading ones of logs and inboxes, and deletes rows nobody needs any more: those
   * before `first`, with no pointer left, whose id could no longer be offered again.
   * @param indexedErasures the search index has removed entries up to this number
   */
  trim(now: number, indexedErasures: number): { trimmed: number; more: boolean } {
    const rows = this.#sql.expired.all(now, CHUNK);
    const logs = new Set<LogName>();
    const inboxes = new Set<number>();
    for (const row of rows) {
      this.#writer.blank(row.name, row, EXPIRED);
      logs.add(row.name);
      const key = row.seq * POINTERS_PER_ENTRY;
      for (const { inbox } of this.#sql.inboxes.all(key, key + POINTERS_PER_ENTRY)) inboxes.add(inbox);
    }
    for (const name of logs) this.#raise(name);
    for (const inbox of inboxes) this.#raiseInbox(inbox);
    this.#sql.rememberSeq.run(String(this.#writer.seq));
    const { changes } = this.#sql.dropEntries.run(now - LIMITS.id_age_ms - LIMITS.id_ahead_ms, CHUNK);
    this.#sql.dropRemovals.run(indexedErasures);
    return { trimmed: rows.length, more: rows.length === CHUNK || changes >= CHUNK };
  }

  #raise(name: LogName): void {
    const log = this.#writer.logs.find(name);
    if (!log) return;
    log.first = this.#sql.firstLeft.get(log.id, log.first)?.off ?? log.head + 1;
    this.#sql.raise.run(log.first, log.head, log.id);
  }

  #raiseInbox(id: number): void {
    const inbox = this.#writer.logs.byId(id);
    if (!inbox) return;
    inbox.first = this.#sql.firstPointerLeft.get(id, inbox.first)?.off ?? inbox.head + 1;
    this.#sql.raise.run(inbox.first, inbox.head, id);
    this.#sql.dropPointers.run(id, inbox.first);
  }
}
