import { boundsOf, type KeyBounds } from './local-range.ts';
import {
  LOCAL_TABLES,
  type LocalChange,
  type LocalRange,
  type LocalRow,
  type LocalStore,
  LocalStoreError,
  type LocalTable,
} from './local-store.ts';
import { sealed, textChanges, unsealed } from './row-codec.ts';
import type { SqliteCall, SqliteDriver, SqlitePlatform } from './sqlite-driver.ts';
import { decodeKey, encodeKey } from './sqlite-key.ts';
import { prepare, type SqliteStep, storeFault } from './sqlite-schema.ts';

export interface SqliteStoreOptions {
  readonly platform: SqlitePlatform;
  readonly name: string;
  readonly steps: readonly SqliteStep[];
}

/**
 * A store in SQLite, checked and up to date when this resolves.
 *
 * @throws {LocalStoreError}
 */
export async function sqliteStore({ platform, name, steps }: SqliteStoreOptions): Promise<LocalStore> {
  const guarded = guard();
  const driver = await guarded(() => opened(platform, name, steps));
  let closed = false;
  const use = <T>(work: (driver: SqliteDriver) => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(new LocalStoreError('unavailable', 'The store is closed.'));
    return guarded(() => work(driver));
  };
  return {
    kind: 'durable',
    write: (changes) => write(use, changes),
    async get(table, key) {
      const rows = await use(async (db) => db.all(select(table, 'WHERE key = ?', [encodeKey(key)])));
      return rowsOf(table, rows)[0]?.value;
    },
    async list(table, range) {
      const bounds = boundsOf(range);
      return bounds ? rowsOf(table, await use(async (db) => db.all(listCall(table, bounds, range)))) : [];
    },
    async drop(table, prefix) {
      const bounds = boundsOf({ prefix });
      if (!bounds) return;
      const { where, values } = conditionOf(bounds);
      await use(async (db) => db.transaction([{ sql: `DELETE FROM ${nameOf(table)} ${where}`, values }]));
    },
    async usage() {
      const { bytes, free } = await use(async () => platform.size(name));
      return { bytes, quota: bytes === null || free === null ? null : bytes + free, persisted: true };
    },
    async close() {
      if (closed) return;
      closed = true;
      await guarded(async () => driver.close());
    },
  };
}

type Use = <T>(work: (driver: SqliteDriver) => Promise<T>) => Promise<T>;

/** One at a time, in the order of asking: a driver that answers later would otherwise read inside a transaction. */
function guard(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work).catch((error: unknown) => {
      throw storeFault(error);
    });
    last = turn.catch(() => {});
    return turn;
  };
}

async function opened(platform: SqlitePlatform, name: string, steps: readonly SqliteStep[]): Promise<SqliteDriver> {
  const driver = await platform.open(name);
  try {
    await prepare(driver, steps);
    return driver;
  } catch (error) {
    await driver.close();
    throw error;
  }
}

async function write(use: Use, changes: readonly LocalChange[]): Promise<void> {
  const calls = textChanges(changes).map(({ table, key, text }): SqliteCall => {
    if (text === null) return { sql: `DELETE FROM ${nameOf(table)} WHERE key = ?`, values: [encodeKey(key)] };
    return {
      sql: `INSERT INTO ${nameOf(table)} (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
      values: [encodeKey(key), sealed(table, key, text)],
    };
  });
  await use(async (driver) => (calls.length === 0 ? undefined : driver.transaction(calls)));
}

function select(table: LocalTable, rest: string, values: SqliteCall['values']): SqliteCall {
  return { sql: `SELECT key, value FROM ${nameOf(table)} ${rest}`, values };
}

function listCall(table: LocalTable, bounds: KeyBounds, { backwards, limit }: LocalRange): SqliteCall {
  const { where, values } = conditionOf(bounds);
  return select(table, `${where} ORDER BY key ${backwards ? 'DESC' : 'ASC'} LIMIT ?`, [...values, limit]);
}

function conditionOf({ lower, lowerOpen, upper }: KeyBounds): {
  readonly where: string;
  readonly values: readonly string[];
} {
  const from = `WHERE key ${lowerOpen ? '>' : '>='} ?`;
  return upper === null
    ? { where: from, values: [encodeKey(lower)] }
    : { where: `${from} AND key < ?`, values: [encodeKey(lower), encodeKey(upper)] };
}

function rowsOf(table: LocalTable, rows: Awaited<ReturnType<SqliteDriver['all']>>): readonly LocalRow[] {
  const keys = rows.map((row) => decodeKey(String(row['key'])));
  const values = unsealed({ table, keys, values: rows.map((row) => row['value']) });
  return keys.map((key, index) => ({ key, value: values[index] }));
}

/** A table's name goes into statements as it is, so only those of the list do. */
function nameOf(table: LocalTable): LocalTable {
  if (!LOCAL_TABLES.includes(table)) throw new TypeError(`There is no table ${table}.`);
  return table;
}
