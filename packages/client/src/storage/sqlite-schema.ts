import { LocalStoreError, type LocalStoreFault } from './local-store.ts';
import { type SqliteDriver, SqliteError, type SqliteFault } from './sqlite-driver.ts';

/** What brings a database to a version from the one before. Steps are never changed once they were released. */
export interface SqliteStep {
  readonly version: number;
  readonly statements: readonly string[];
}

export const SQLITE_STEPS: readonly SqliteStep[] = [
  {
    version: 1,
    // A tree for each table, so that damage to one leaves the others readable, outbox before all.
    statements: ['outbox', 'entries', 'logs', 'documents', 'versions', 'people', 'meta'].map(
      (table) => `CREATE TABLE ${table} (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
    ),
  },
];

/** Milliseconds to wait for another process that writes. */
const BUSY_MS = 5_000;

/**
 * Brings a database up to date: each step whole or not at all, so that an interrupted migration goes on where it was,
 * and once, also with two processes at it.
 *
 * @throws {LocalStoreError} `newer` before anything was changed
 */
export async function prepare(driver: SqliteDriver, steps: readonly SqliteStep[]): Promise<void> {
  await driver.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  let version = await versionOf(driver);
  const newest = steps.at(-1)?.version ?? 0;
  if (version > newest) {
    throw new LocalStoreError('newer', `The store has version ${version}, this program knows ${newest}.`);
  }
  await driver.all({ sql: 'PRAGMA journal_mode = WAL', values: [] });
  await driver.exec('PRAGMA synchronous = FULL');
  await driver.exec('CREATE TABLE IF NOT EXISTS schema_steps (version INTEGER PRIMARY KEY)');
  for (const step of steps) {
    if (step.version <= version) continue;
    await take(driver, step);
    version = await versionOf(driver);
  }
  await check(driver);
}

/** The newest step that was taken; 0 in an empty database. */
async function versionOf(driver: SqliteDriver): Promise<number> {
  const [known] = await driver.all({
    sql: "SELECT count(*) AS tables FROM sqlite_schema WHERE name = 'schema_steps'",
    values: [],
  });
  if (known?.['tables'] === 0) return 0;
  const [row] = await driver.all({ sql: 'SELECT coalesce(max(version), 0) AS version FROM schema_steps', values: [] });
  return Number(row?.['version']);
}

async function take(driver: SqliteDriver, { version, statements }: SqliteStep): Promise<void> {
  const taken = { sql: 'INSERT INTO schema_steps (version) VALUES (?)', values: [version] };
  try {
    await driver.transaction([taken, ...statements.map((sql) => ({ sql, values: [] }))]);
  } catch (error) {
    // Another process took the step while this one waited for the lock.
    if (!(error instanceof SqliteError) || error.fault !== 'constraint' || (await versionOf(driver)) < version) {
      throw error;
    }
  }
}

/** Truncated or overwritten files open well; their trees do not add up. */
async function check(driver: SqliteDriver): Promise<void> {
  const [row] = await driver.all({ sql: 'PRAGMA quick_check(1)', values: [] });
  const verdict = Object.values(row ?? {})[0];
  if (verdict !== 'ok') throw new LocalStoreError('damaged', String(verdict));
}

const FAULTS: Readonly<Record<SqliteFault, LocalStoreFault>> = {
  busy: 'unavailable',
  full: 'full',
  corrupt: 'damaged',
  constraint: 'damaged',
  other: 'unavailable',
};

/** A failure of SQLite as a fault of the store. Anything else, a mistake of this program, stays as it is. */
export function storeFault(thrown: unknown): unknown {
  return thrown instanceof SqliteError ? new LocalStoreError(FAULTS[thrown.fault], thrown.message, thrown) : thrown;
}
