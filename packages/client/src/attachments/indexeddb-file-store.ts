import type { Environment } from '../types.ts';
import { IndexedDbConnection } from '../storage/indexeddb-connection.ts';
import type { IndexedDbStep } from '../storage/indexeddb-schema.ts';
import { boundsOf } from '../storage/local-range.ts';
import { type LocalAccount, storeName } from '../storage/store-name.ts';
import type { FileChange, FileStore } from './file-store.ts';
import { memoryFileStore } from './memory-file-store.ts';

const STRICT = { durability: 'strict' } as const;
const TABLES = ['records', 'blobs'] as const;

const STEPS: readonly IndexedDbStep[] = [
  {
    version: 1,
    apply(database) {
      for (const table of TABLES) database.createObjectStore(table);
    },
  },
];

export interface IndexedDbFilesOptions extends LocalAccount {
  /** The platform's timer by default. */
  readonly after?: Environment['after'];
}

/**
 * The account's files in this browser, in a database beside its store, which is removed with it. Where a browser keeps
 * none, as in a private window, they are kept in memory, and `kind` says so.
 */
export async function indexedDbFileStore(options: IndexedDbFilesOptions): Promise<FileStore> {
  if (!('indexedDB' in globalThis) || !globalThis.indexedDB) return memoryFileStore();
  const { after = platformTimer } = options;
  const connection = new IndexedDbConnection({ name: `${storeName(options)}.files`, steps: STEPS, after });
  try {
    await connection.use((database) => Promise.resolve(database.version));
  } catch {
    // Whatever the reason, nothing can be kept here; the kind of the store tells the person.
    return memoryFileStore();
  }
  return {
    kind: 'durable',
    write: (changes) => write(connection, changes),
    async records(prefix) {
      const bounds = boundsOf({ prefix });
      if (!bounds) return [];
      const range = bounds.upper === null ? null : IDBKeyRange.bound(bounds.lower, bounds.upper, false, true);
      const [keys, values] = await connection.use((database) => {
        const { store } = database.transaction('records');
        return Promise.all([store.getAllKeys(range), store.getAll(range)]);
      });
      return keys.map((key, index) => ({ key: String(key), value: values[index] as unknown }));
    },
    async blob(key) {
      const found: unknown = await connection.use((database) => database.get('blobs', key));
      return found instanceof Blob ? found : undefined;
    },
    async clear() {
      await connection.use(async (database) => {
        const transaction = database.transaction(TABLES, 'readwrite', STRICT);
        await Promise.all([...TABLES.map((table) => transaction.objectStore(table).clear()), transaction.done]);
      });
    },
    close: () => connection.close(),
  };
}

async function write(connection: IndexedDbConnection, changes: readonly FileChange[]): Promise<void> {
  if (changes.length === 0) return;
  await connection.use(async (database) => {
    const transaction = database.transaction(TABLES, 'readwrite', STRICT);
    const work: Promise<unknown>[] = [transaction.done];
    try {
      for (const { table, key, value } of changes) {
        const store = transaction.objectStore(table);
        work.push(value === undefined ? store.delete(key) : store.put(value, key));
      }
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

function platformTimer(ms: number, fn: () => void): () => void {
  const timer = setTimeout(fn, ms);
  return () => clearTimeout(timer);
}
