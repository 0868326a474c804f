import type { Database, Statement } from 'bun:sqlite';
import type { LogName } from '@konferenco/protocol';

/** Where a log stands, as its one writer knows it. */
export interface LogHead {
  readonly id: number;
  readonly name: LogName;
  first: number;
  head: number;
}

/** Logs whose head is kept in memory; the least recently added make room. */
const CACHED_LOGS = 50_000;

interface LogRow {
  readonly id: number;
  readonly first: number;
  readonly head: number;
  readonly top: number | null;
}

const SELECT_LOG = `SELECT id, first, head, max(
  coalesce((SELECT max(off) FROM entries WHERE log = logs.id), 0),
  coalesce((SELECT max(off) FROM pointers WHERE inbox = logs.id), 0)) AS top FROM logs`;

/** The writer's view of all logs. Valid because nothing else writes; `forget` after a rolled back transaction. */
export class LogTable {
  readonly #byName = new Map<LogName, LogHead>();
  readonly #select: Statement<LogRow, [string]>;
  readonly #selectId: Statement<LogRow & { name: string }, [number]>;
  readonly #insert: Statement<unknown, [string]>;

  constructor(db: Database) {
    this.#select = db.query(`${SELECT_LOG} WHERE name = ?`);
    this.#selectId = db.query(`${SELECT_LOG.replace('SELECT id', 'SELECT name, id')} WHERE id = ?`);
    this.#insert = db.query('INSERT INTO logs(name, first, head) VALUES(?, 1, 0)');
  }

  find(name: LogName): LogHead | null {
    const cached = this.#byName.get(name);
    if (cached) return cached;
    const row = this.#select.get(name);
    return row ? this.#keep({ id: row.id, name, first: row.first, head: Math.max(row.head, row.top ?? 0) }) : null;
  }

  findOrCreate(name: LogName): LogHead {
    const found = this.find(name);
    if (found) return found;
    const { lastInsertRowid } = this.#insert.run(name);
    return this.#keep({ id: Number(lastInsertRowid), name, first: 1, head: 0 });
  }

  byId(id: number): LogHead | null {
    const row = this.#selectId.get(id);
    return row ? this.find(row.name) : null;
  }

  forget(): void {
    this.#byName.clear();
  }

  #keep(log: LogHead): LogHead {
    if (this.#byName.size >= CACHED_LOGS) {
      const oldest = this.#byName.keys().next();
      if (!oldest.done) this.#byName.delete(oldest.value);
    }
    this.#byName.set(log.name, log);
    return log;
  }
}
