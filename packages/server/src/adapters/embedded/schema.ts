import { Database, SQLiteError } from 'bun:sqlite';

/** Names of the files in a store's directory. */
export const LOG_FILE = 'log.db';
export const SEARCH_FILE = 'search.db';
export const OWNER_FILE = 'owner.db';

/** Marks the file as ours in its header: "Konf". */
const APPLICATION_ID = 0x4b6f6e66;
const SCHEMA_VERSION = 1;

/**
 * Entries are appended in the order of commit (`seq`), so that a batch touches few pages; positions and ids are indexes beside
 * them. On one machine this shape took 157,000 rows/s in batches of 512 against 76,000 with a key of log and offset and
 * 53,000 without rowid, and `seq` is what the search index counts its progress in. Every row carries a checksum (`crc`).
 * A pointer's key is its entry's `seq` times `POINTERS_PER_ENTRY` plus its place among them. A log's head is its highest offset; `logs.head` only remembers it where trimming deleted the rows.
 */
const DDL = `
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE logs(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first INTEGER NOT NULL, head INTEGER NOT NULL);
CREATE TABLE entries(
  seq INTEGER PRIMARY KEY, log INTEGER NOT NULL, off INTEGER NOT NULL, at INTEGER NOT NULL, expires INTEGER NOT NULL,
  id TEXT NOT NULL, sender TEXT NOT NULL, gone INTEGER NOT NULL, thread TEXT, text TEXT, body TEXT, crc INTEGER NOT NULL);
CREATE UNIQUE INDEX entries_position ON entries(log, off);
CREATE UNIQUE INDEX entries_id ON entries(id, sender);
CREATE INDEX entries_thread ON entries(log, thread, off) WHERE thread IS NOT NULL;
CREATE INDEX entries_expiry ON entries(expires) WHERE gone <> 2;
CREATE INDEX entries_expired ON entries(at) WHERE gone = 2;
CREATE TABLE pointers(
  key INTEGER PRIMARY KEY, inbox INTEGER NOT NULL, off INTEGER NOT NULL, reason INTEGER NOT NULL, crc INTEGER NOT NULL);
CREATE UNIQUE INDEX pointers_position ON pointers(inbox, off);
CREATE TABLE cursors(user TEXT NOT NULL, device TEXT NOT NULL, inbox INTEGER NOT NULL, crc INTEGER NOT NULL,
  PRIMARY KEY(user, device)) WITHOUT ROWID;
CREATE TABLE records(collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL,
  crc INTEGER NOT NULL, PRIMARY KEY(collection, key)) WITHOUT ROWID;
CREATE TABLE unsearchable(n INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL);
`;

/** Opens the log for its one writer, creating it when it is new. @throws {Error} when the file is not a log of ours. */
export function openForWriting(path: string): Database {
  const db = new Database(path, { create: true, readwrite: true, strict: true });
  db.run('PRAGMA busy_timeout = 2000');
  db.run('PRAGMA journal_mode = WAL');
  db.run('PRAGMA synchronous = FULL');
  db.run('PRAGMA wal_autocheckpoint = 0');
  db.run('PRAGMA cache_size = -32768');
  const version = numberOf(db, 'PRAGMA user_version');
  if (version === 0) {
    db.transaction(() => {
      db.run(DDL);
      db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
      db.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    })();
  } else if (version !== SCHEMA_VERSION || numberOf(db, 'PRAGMA application_id') !== APPLICATION_ID) {
    db.close();
    throw new Error(`${path} is not a log this version can read (schema ${version}, expected ${SCHEMA_VERSION})`);
  }
  return db;
}

/** There was no room on the disk. The transaction did not happen, nothing is harmed, and a later try may succeed. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof SQLiteError && error.code === 'SQLITE_FULL';
}

/** Opens the log beside its writer. Reads see what was committed when they start. */
export function openForReading(path: string): Database {
  const db = new Database(path, { readwrite: true, strict: true });
  db.run('PRAGMA busy_timeout = 2000');
  db.run('PRAGMA query_only = ON');
  db.run('PRAGMA cache_size = -16384');
  return db;
}

/** The first column of the first row of `sql` as a number; 0 when there is none. */
export function numberOf(db: Database, sql: string): number {
  const row = db.query<Record<string, number | null>, []>(sql).get();
  return row === null ? 0 : (Object.values(row)[0] ?? 0);
}
