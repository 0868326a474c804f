import { afterEach, beforeEach } from 'bun:test';
import { indexedDbBackend } from '../storage/indexeddb-backend.ts';
import { INDEXEDDB_STEPS, type IndexedDbStep } from '../storage/indexeddb-schema.ts';
import type { LocalStore } from '../storage/local-store.ts';
import { openLocalStore } from '../storage/open-local-store.ts';
import { storeName } from '../storage/store-name.ts';
import type { OutboxEntry } from '../types.ts';
import { installFakeIndexedDb } from './fake-indexeddb.ts';
import { VirtualClock } from './virtual-clock.ts';

export const ACCOUNT = { url: 'http://server.test', user: 'mere' };
export const NAME = storeName(ACCOUNT);
/** The schema of a version of the program after this one. */
export const LATER: readonly IndexedDbStep[] = [
  ...INDEXEDDB_STEPS,
  { version: 3, apply: (database) => void database.createObjectStore('later') },
];

/** A browser whose databases are in memory, another one for each test of the file. */
export function indexedDbDevice() {
  let uninstall = (): void => {};
  let clock = new VirtualClock();
  beforeEach(() => {
    uninstall = installFakeIndexedDb();
    clock = new VirtualClock();
  });
  afterEach(() => uninstall());
  const backend = (steps: readonly IndexedDbStep[] = INDEXEDDB_STEPS) =>
    indexedDbBackend({ steps, after: clock.after });
  return {
    /** Takes the databases away before the test ends. */
    uninstall: () => uninstall(),
    get clock(): VirtualClock {
      return clock;
    },
    backend,
    open: (steps?: readonly IndexedDbStep[], user = ACCOUNT.user) =>
      openLocalStore({ ...ACCOUNT, user, backend: backend(steps) }),
  };
}

/** An unsent message; a greater number is an older one. */
export function entry(n: number, user = 'mere'): OutboxEntry {
  const envelope = JSON.stringify({ id: `e${n}`, from: { user_id: user }, payload: { text: `${n}` } });
  return { id: `e${n}`, log: 'ch:hall', envelope, created_at: 1_000 - n };
}

export async function fill(store: LocalStore, count: number): Promise<void> {
  await store.write(Array.from({ length: count }, (_, n) => ({ table: 'outbox', key: `e${n}`, value: entry(n) })));
}

export const idsIn = async (store: LocalStore): Promise<readonly string[]> =>
  (await store.list('outbox', { prefix: '', limit: 100 })).map(({ key }) => key);
