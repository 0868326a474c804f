import type { IDBPDatabase } from 'idb';
import { IndexedDbConnection, type IndexedDbOptions } from './indexeddb-connection.ts';
import { boundsOf, type KeyBounds } from './local-range.ts';
import type { LocalChange, LocalRange, LocalRow, LocalStore, LocalTable } from './local-store.ts';
import { sealed, textChanges, unsealed } from './row-codec.ts';
import { storageUsage } from './storage-usage.ts';

/** A transaction has reached the disk before it is told complete. */
const STRICT = { durability: 'strict' } as const;
/** IndexedDB counts rows in 32 bits. */
const COUNT_MAX = 0xffff_ffff;

/**
 * A store in IndexedDB, already open when this resolves.
 *
 * @throws {LocalStoreError}
 */
export async function indexedDbStore(options: IndexedDbOptions): Promise<LocalStore> {
  const connection = new IndexedDbConnection(options);
  await connection.use((database) => Promise.resolve(database.version));
  return {
    kind: 'durable',
    write: (changes) => write(connection, changes),
    async get(table, key) {
      const row: unknown = await connection.use((database) => database.get(table, key));
      return row === undefined ? undefined : unsealed({ table, keys: [key], values: [row] })[0];
    },
    list: (table, range) => list(connection, table, range),
    async drop(table, prefix) {
      const bounds = boundsOf({ prefix });
      if (!bounds) return;
      await connection.use(async (database) => {
        const transaction = database.transaction(table, 'readwrite', STRICT);
        await Promise.all([transaction.store.delete(rangeOf(bounds)), transaction.done]);
      });
    },
    usage: () => storageUsage(globalThis.navigator?.storage),
    close: () => connection.close(),
  };
}

async function write(connection: IndexedDbConnection, changes: readonly LocalChange[]): Promise<void> {
  const rows = textChanges(changes).map(({ table, key, text }) => ({
    table,
    key,
    row: text === null ? null : sealed(table, key, text),
  }));
  const tables = [...new Set(rows.map(({ table }) => table))];
  await connection.use(async (database) => {
    if (tables.length === 0) return;
    const transaction = database.transaction(tables, 'readwrite', STRICT);
    const stores = new Map(tables.map((table) => [table, transaction.objectStore(table)]));
    const work: Promise<unknown>[] = [transaction.done];
    try {
      for (const { table, key, row } of rows) {
        const store = stores.get(table);
        if (store) work.push(row === null ? store.delete(key) : store.put(row, key));
      }
      // Not only when its requests were answered: a page that is being closed hears no answers any more.
      transaction.commit();
    } catch (error) {
      // Otherwise what was asked for until here would be committed.
      transaction.abort();
      await Promise.allSettled(work);
      throw error;
    }
    await Promise.all(work);
  });
}

async function list(
  connection: IndexedDbConnection,
  table: LocalTable,
  range: LocalRange,
): Promise<readonly LocalRow[]> {
  const bounds = boundsOf(range);
  const limit = Math.min(range.limit, COUNT_MAX);
  if (!bounds || limit === 0) return [];
  const { keys, values } = await connection.use((database) =>
    range.backwards ? lastRows(database, table, { bounds, limit }) : firstRows(database, table, { bounds, limit }),
  );
  const opened = unsealed({ table, keys, values });
  const rows = keys.map((key, index) => ({ key, value: opened[index] }));
  return range.backwards ? rows.reverse() : rows;
}

interface Page {
  readonly bounds: KeyBounds;
  readonly limit: number;
}
interface KeyedValues {
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
}

async function firstRows(database: IDBPDatabase, table: LocalTable, { bounds, limit }: Page): Promise<KeyedValues> {
  const { store } = database.transaction(table);
  const range = rangeOf(bounds);
  const [keys, values] = await Promise.all([store.getAllKeys(range, limit), store.getAll(range, limit)]);
  return { keys: keys as string[], values };
}

/** The last rows of a range, in ascending order: one step of a cursor finds where they begin. */
async function lastRows(database: IDBPDatabase, table: LocalTable, { bounds, limit }: Page): Promise<KeyedValues> {
  const { store } = database.transaction(table);
  const last = await store.openKeyCursor(rangeOf(bounds), 'prev');
  if (!last) return { keys: [], values: [] };
  const begin = limit > 1 ? await last.advance(limit - 1) : last;
  const range = begin ? rangeOf({ lower: String(begin.key), lowerOpen: false, upper: bounds.upper }) : rangeOf(bounds);
  const [keys, values] = await Promise.all([store.getAllKeys(range), store.getAll(range)]);
  return { keys: keys as string[], values };
}

function rangeOf({ lower, lowerOpen, upper }: KeyBounds): IDBKeyRange {
  return upper === null ? IDBKeyRange.lowerBound(lower, lowerOpen) : IDBKeyRange.bound(lower, upper, lowerOpen, true);
}
