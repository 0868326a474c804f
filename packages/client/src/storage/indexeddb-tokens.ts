import type { Tokens } from '@konferenco/protocol';
import { type IDBPDatabase, type IDBPObjectStore, openDB } from 'idb';
import type { TokenStore } from './stores.ts';

/** A database of its own: it outlives the stores of accounts, and opens in a moment. */
const DATABASE = 'konferenco-sign-in';
const TABLE = 'tokens';
const STRICT = { durability: 'strict' } as const;

/** A sign-in kept where pages and workers of one origin can read it. Methods reject as IndexedDB does. */
export interface IndexedDbTokens extends TokenStore {
  /** Puts `tokens` in the place of those with this refresh token; false when they are not there any more. */
  replace(refresh_token: string, tokens: Tokens): Promise<boolean>;
}

/** The sign-in to the server of this address; `null` where there is no IndexedDB. */
export function indexedDbTokens(url: string): IndexedDbTokens | null {
  if (!('indexedDB' in globalThis) || !globalThis.indexedDB) return null;
  const { origin, pathname } = new URL(url);
  const key = origin + pathname.replace(/\/+$/, '');
  return {
    load: () => using(async (database) => ((await database.get(TABLE, key)) as Tokens | undefined) ?? null),
    save: (tokens) => written((table) => (tokens === null ? table.delete(key) : table.put(tokens, key))),
    async replace(refresh_token, tokens) {
      let isThere = false;
      await written(async (table) => {
        const kept = (await table.get(key)) as Tokens | undefined;
        isThere = kept?.refresh_token === refresh_token;
        if (isThere) await table.put(tokens, key);
      });
      return isThere;
    },
  };
}

type Table = IDBPObjectStore<unknown, [typeof TABLE], typeof TABLE, 'readwrite'>;

/** One transaction, on disk when this resolves: a refresh token lost is a sign-in lost. */
function written(work: (table: Table) => Promise<unknown>): Promise<void> {
  return using(async (database) => {
    const transaction = database.transaction(TABLE, 'readwrite', STRICT);
    await Promise.all([work(transaction.store), transaction.done]);
  });
}

/** It is used rarely, and closed again, so that nobody ever waits for it. */
async function using<T>(work: (database: IDBPDatabase) => Promise<T>): Promise<T> {
  const database = await openDB(DATABASE, 1, { upgrade: (made) => void made.createObjectStore(TABLE) });
  try {
    return await work(database);
  } finally {
    database.close();
  }
}
