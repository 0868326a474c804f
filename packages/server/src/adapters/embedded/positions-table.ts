import { Database } from 'bun:sqlite';
import {
  type KeptPosition,
  POSITIONS_KEPT_MS,
  POSITIONS_MAINTAINED_MS,
  type PositionConsent,
  type PositionOf,
  type PositionQuery,
} from '@konferenco/core';

const SCHEMA_VERSION = 1;
/** Clocks may be set back by this much; nothing further ahead is kept. */
const AHEAD_MS = 60_000;

const DDL = `
  CREATE TABLE consent (
    user TEXT PRIMARY KEY, given_at INTEGER NOT NULL, device TEXT NOT NULL, withdrawn_at INTEGER,
    erased_at INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE TABLE position (
    user TEXT NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL, lat REAL, lng REAL, accuracy_m REAL, zone TEXT,
    PRIMARY KEY (user, at, id)
  ) WITHOUT ROWID;
  CREATE INDEX position_at ON position (at);
`;

interface Row {
  readonly id: string;
  readonly at: number;
  readonly lat: number | null;
  readonly lng: number | null;
  readonly accuracy_m: number | null;
  readonly zone: string | null;
}

/**
 * The series in one SQLite database, by one writer. What is deleted is overwritten, and gone from the WAL before the call
 * returns.
 */
export class PositionsTable {
  readonly #db: Database;

  /** @param path of the file, or `:memory:` @throws {Error} when it cannot be opened or is of a later version */
  constructor(path: string) {
    const db = new Database(path, { create: true, readwrite: true, strict: true });
    try {
      db.run('PRAGMA busy_timeout = 2000');
      db.run('PRAGMA secure_delete = ON');
      db.run('PRAGMA journal_mode = WAL');
      db.run('PRAGMA synchronous = FULL');
      prepare(db, path);
    } catch (error) {
      db.close();
      throw error;
    }
    this.#db = db;
  }

  consent(user: string): PositionConsent | null {
    return this.#db
      .query<PositionConsent, [string]>('SELECT given_at, device FROM consent WHERE user = ? AND withdrawn_at IS NULL')
      .get(user);
  }

  allow(user: string, { given_at, device }: PositionConsent): PositionConsent {
    this.#db
      .query(
        `INSERT INTO consent (user, given_at, device) VALUES (?, ?, ?)
         ON CONFLICT (user) DO UPDATE SET given_at = excluded.given_at, device = excluded.device, withdrawn_at = NULL
         WHERE withdrawn_at IS NOT NULL`,
      )
      .run(user, given_at, device);
    return this.consent(user) ?? { given_at, device };
  }

  withdraw(user: string, at: number): void {
    this.#erasing(user, at, 'withdrawn_at = coalesce(withdrawn_at, ?)');
  }

  erase(user: string, at: number): void {
    this.#erasing(user, at, 'erased_at = max(erased_at, ?)');
  }

  add(positions: readonly PositionOf[], now: number): number {
    const insert = this.#db.query(
      `INSERT INTO position (user, at, id, lat, lng, accuracy_m, zone)
       SELECT $user, $at, $id, $lat, $lng, $accuracy_m, $zone FROM consent
       WHERE user = $user AND withdrawn_at IS NULL AND $at > max(given_at, erased_at) ON CONFLICT DO NOTHING`,
    );
    let kept = 0;
    this.#db.transaction(() => {
      for (const { user, at, id, lat = null, lng = null, accuracy_m = null, zone = null } of positions) {
        if (at <= oldestAt(now) || at > now + AHEAD_MS) continue;
        kept += insert.run({ user, at, id, lat, lng, accuracy_m, zone }).changes;
      }
    })();
    return kept;
  }

  read({ user, from, to, after, limit }: PositionQuery, now: number): KeptPosition[] {
    const rows = this.#db
      .query<Row, [string, number, number, number, string, number]>(
        `SELECT id, at, lat, lng, accuracy_m, zone FROM position
         WHERE user = ?1 AND at >= ?2 AND at < ?3 AND (at, id) > (?4, ?5) ORDER BY at, id LIMIT ?6`,
      )
      .all(user, Math.max(from, now - POSITIONS_KEPT_MS + 1), to, after?.at ?? -1, after?.id ?? '', limit);
    return rows.map(positionOf);
  }

  /** Deletes what would be too old before the next call. */
  maintain(now: number): void {
    if (this.#db.query('DELETE FROM position WHERE at <= ?').run(oldestAt(now)).changes > 0) this.#emptyWal();
  }

  close(): void {
    this.#db.close();
  }

  #erasing(user: string, at: number, set: string): void {
    this.#db.transaction(() => {
      this.#db.query(`UPDATE consent SET ${set} WHERE user = ?`).run(at, user);
      this.#db.query('DELETE FROM position WHERE user = ?').run(user);
    })();
    this.#emptyWal();
  }

  /** The WAL still holds the pages as they were. Nobody else has the database open, so nothing can keep it from being emptied. */
  #emptyWal(): void {
    this.#db.query('PRAGMA wal_checkpoint(TRUNCATE)').get();
  }
}

function oldestAt(now: number): number {
  return now - POSITIONS_KEPT_MS + POSITIONS_MAINTAINED_MS;
}

function prepare(db: Database, path: string): void {
  const version = db.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0;
  if (version > SCHEMA_VERSION) throw new Error(`${path} was written by a later version of this program`);
  if (version === SCHEMA_VERSION) return;
  db.transaction(() => {
    db.run(DDL);
    db.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  })();
}

function positionOf({ id, at, lat, lng, accuracy_m, zone }: Row): KeptPosition {
  return {
    id,
    at,
    ...(lat === null || lng === null ? {} : { lat, lng }),
    ...(accuracy_m === null ? {} : { accuracy_m }),
    ...(zone === null ? {} : { zone }),
  };
}
