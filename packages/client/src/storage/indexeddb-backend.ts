import { deleteDB } from 'idb';
import type { Environment } from '../types.ts';
import { salvageOutbox } from './indexeddb-salvage.ts';
import { databaseNames, generationOf, newestOf } from './indexeddb-names.ts';
import { INDEXEDDB_STEPS, type IndexedDbStep, indexedDbFault } from './indexeddb-schema.ts';
import { indexedDbStore } from './indexeddb-store.ts';
import { adoptLegacyOutbox } from './legacy-outbox.ts';
import type { LocalBackend, Recovered } from './local-backend.ts';
import { LocalStoreError } from './local-store.ts';
import { storeName, storeOf } from './store-name.ts';

export interface IndexedDbBackendOptions {
  /** Runs `fn` after `ms` milliseconds unless what it returns is called; the platform's timer by default. */
  readonly after?: Environment['after'];
  /** Replaced in tests of upgrades. */
  readonly steps?: readonly IndexedDbStep[];
}

/** How long another tab may keep a database open that is to be deleted. */
const DELETE_MS = 5_000;

/** Stores in this browser's IndexedDB; `null` where there is none. */
export function indexedDbBackend(options: IndexedDbBackendOptions = {}): LocalBackend | null {
  if (!('indexedDB' in globalThis) || !globalThis.indexedDB) return null;
  const { after = platformTimer, steps = INDEXEDDB_STEPS } = options;
  // Which one was found damaged: by the time it is set aside, another tab may have begun the next.
  const opened = new Map<string, string>();
  return {
    async open(account) {
      const base = storeName(account);
      const name = await newestOf(base);
      opened.set(base, name);
      return indexedDbStore({ name, steps, after });
    },
    async recover(account): Promise<Recovered> {
      const base = storeName(account);
      const damaged = opened.get(base) ?? (await newestOf(base));
      const { rows, lost } = await salvageOutbox(damaged);
      const name = `${base}~${generationOf(damaged) + 1}`;
      const store = await indexedDbStore({ name, steps, after, salvaged: rows });
      return { store, saved: rows.size, lost };
    },
    adopt: ({ user }, store) => adoptLegacyOutbox(store, user),
    async names() {
      return [...new Set((await databaseNames()).flatMap((name) => storeOf(name) ?? []))];
    },
    async remove(name) {
      const all = (await databaseNames()).filter((database) => storeOf(database) === name);
      for (const database of all) await deleted(database, after);
    },
  };
}

function deleted(name: string, after: Environment['after']): Promise<void> {
  return new Promise((resolve, reject) => {
    const held = () => reject(new LocalStoreError('unavailable', 'Another tab holds the store.'));
    let stopWaiting = (): void => {};
    const blocked = (): void => {
      stopWaiting = after(DELETE_MS, held);
    };
    deleteDB(name, { blocked })
      .finally(() => stopWaiting())
      .then(resolve, (error: unknown) => reject(indexedDbFault(error)));
  });
}

function platformTimer(ms: number, fn: () => void): () => void {
  const timer = setTimeout(fn, ms);
  return () => clearTimeout(timer);
}
