import { Database } from 'bun:sqlite';
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogName } from '@konferenco/protocol';
import { type EntryRow, isIntact } from '../checksum.ts';
import { LOG_FILE, numberOf, OWNER_FILE, openForWriting } from './schema.ts';
import { Trimmer } from './trim.ts';
import { repairWal } from './wal-repair.ts';
import { inspectWal } from './wal-scan.ts';
import type { WorkerNews } from './worker-host.ts';
import { Writer } from './writer.ts';

/** The log as its one writer holds it. */
export interface OpenLog {
  readonly db: Database;
  readonly writer: Writer;
  readonly trimmer: Trimmer;
  readonly epoch: string;
  /** Bytes of the WAL that are in use; the file may be longer. */
  walBytes(): number;
  /** Starts the WAL over if no reader is in the way. Returns its size in bytes afterwards. */
  restartWal(): number;
  close(): void;
}

/** Newest entries whose checksums are verified when the log opens. */
const CHECKED_AT_OPENING = 100;

/** Longest the writer waits for readers before it gives up starting the WAL over. */
const RESTART_WAIT_MS = 50;

/**
 * Opens the log in `dir`, after looking for damage that SQLite itself would pass over in silence. Where acknowledged entries
 * may have been lost the damaged WAL is kept under `quarantine/`, `news` is told, and the epoch is renewed.
 * @throws {Error} when another process has it open or it is damaged beyond opening.
 */
export function openLog({ dir, renew_epoch }: { dir: string; renew_epoch: boolean }, news: WorkerNews): OpenLog {
  mkdirSync(dir, { recursive: true });
  const owner = claim(dir);
  const path = join(dir, LOG_FILE);
  const lost = quarantineDamagedWal(dir, news);
  const db = openForWriting(path);
  if (lost) db.run('PRAGMA wal_checkpoint(TRUNCATE)');
  reportDamagedTail(db, news);
  const epoch = epochOf(db, renew_epoch || lost);
  const writer = new Writer(db);
  const pageSize = numberOf(db, 'PRAGMA page_size');
  const walState = db.query<{ log: number }, []>('PRAGMA wal_checkpoint(NOOP)');
  return {
    db,
    writer,
    trimmer: new Trimmer(db, writer),
    epoch,
    walBytes: () => Math.max(0, walState.get()?.log ?? 0) * pageSize,
    restartWal() {
      db.run(`PRAGMA busy_timeout = ${RESTART_WAIT_MS}`);
      const result = db.query<{ busy: number; log: number }, []>('PRAGMA wal_checkpoint(RESTART)').get();
      db.run('PRAGMA busy_timeout = 2000');
      return result?.busy === 0 ? 0 : (result?.log ?? 0) * pageSize;
    },
    close() {
      db.close();
      owner.close();
    },
  };
}

/** One process, one writer: the lock lives as long as the connection and dies with the process. */
function claim(dir: string): Database {
  const owner = new Database(join(dir, OWNER_FILE), { create: true, readwrite: true });
  owner.run('PRAGMA busy_timeout = 2000');
  owner.run('PRAGMA journal_mode = MEMORY');
  owner.run('PRAGMA locking_mode = EXCLUSIVE');
  try {
    owner.run('BEGIN EXCLUSIVE');
    owner.run('COMMIT');
  } catch (error) {
    owner.close();
    throw new Error(`another process has the store in ${dir} open`, { cause: error });
  }
  return owner;
}

/** @returns whether acknowledged entries may have been lost. */
function quarantineDamagedWal(dir: string, news: WorkerNews): boolean {
  const wal = join(dir, `${LOG_FILE}-wal`);
  if (!existsSync(wal)) return false;
  const file = readFileSync(wal);
  const finding = inspectWal(file);
  if (finding.kind === 'sound') return false;
  const folder = join(dir, 'quarantine');
  mkdirSync(folder, { recursive: true });
  const kept = join(folder, `${LOG_FILE}-wal.${statSync(wal).mtimeMs.toFixed(0)}`);
  copyFileSync(wal, kept);
  const repaired = repairWal(file);
  if (repaired) writeFileSync(wal, repaired, { flush: true });
  news.damage(
    `${finding.description}; ${repaired ? 'all but the damaged page was kept' : 'what follows is lost'}; a copy is in ${kept}`,
  );
  return true;
}

/** The cheap look at opening: the newest entries, which a crash is likeliest to have touched. */
function reportDamagedTail(db: Database, news: WorkerNews): void {
  const rows = db.query<EntryRow & { name: LogName }, [number]>(
    `SELECT e.seq, e.off, e.at, e.expires, e.id, e.sender, e.gone, e.thread, e.text, e.body, e.crc, l.name
     FROM entries e JOIN logs l ON l.id = e.log ORDER BY e.seq DESC LIMIT ?`,
  );
  for (const row of rows.all(CHECKED_AT_OPENING)) {
    if (!isIntact(row.name, row)) news.damage(`entry ${row.off} of ${row.name} is damaged`);
  }
}

function epochOf(db: Database, renew: boolean): string {
  const stored = db.query<{ value: string }, []>("SELECT value FROM meta WHERE key = 'epoch'").get()?.value;
  if (stored !== undefined && !renew) return stored;
  const epoch = randomUUID();
  db.query("INSERT INTO meta(key, value) VALUES('epoch', ?) ON CONFLICT DO UPDATE SET value = excluded.value").run(
    epoch,
  );
  return epoch;
}
