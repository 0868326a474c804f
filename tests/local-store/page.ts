import { LocalStoreError, type LocalStore, openLocalStore } from '@konferenco/client/storage';
import { indexedDbBackend } from '@konferenco/client/indexeddb';
import { fromText, toText } from './wire.ts';

/** What the tests call in the page. Arguments and answers are text, which any unit of UTF-16 survives. */
export interface StorePage {
  /** Opens a store; answers its number and what the person would be told. */
  open(user: string): Promise<string>;
  call(store: number, method: string, args: string): Promise<string>;
  damage(table: string, key: string): Promise<void>;
  removeAll(): Promise<void>;
}

const stores: LocalStore[] = [];
const ACCOUNT = { url: location.origin };

async function answered(work: () => Promise<unknown>): Promise<string> {
  try {
    return toText({ value: await work() });
  } catch (error) {
    if (!(error instanceof LocalStoreError)) return toText({ thrown: String(error) });
    return toText({ fault: error.fault, message: error.message, keys: error.keys });
  }
}

const page: StorePage = {
  async open(user) {
    const { store, notice } = await openLocalStore({ ...ACCOUNT, user, backend: indexedDbBackend() });
    const told = notice && { ...notice, cause: notice.cause.message };
    return toText({ number: stores.push(store) - 1, kind: store.kind, notice: told });
  },
  call: (number, method, args) =>
    answered(() => {
      const store = stores[number] as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
      return store[method]?.(...(fromText(args) as unknown[])) as Promise<unknown>;
    }),
  async damage(table, key) {
    const [{ name = '' } = {}] = await indexedDB.databases();
    const request = indexedDB.open(name);
    await new Promise((resolve) => {
      request.onsuccess = resolve;
    });
    const transaction = request.result.transaction(table, 'readwrite');
    transaction.objectStore(table).put('00000000"x"', key);
    await new Promise((resolve) => {
      transaction.oncomplete = resolve;
    });
    request.result.close();
  },
  async removeAll() {
    const backend = indexedDbBackend();
    for (const store of stores) await store.close();
    for (const name of (await backend?.names()) ?? []) await backend?.remove(name);
  },
};

Object.assign(window, { storePage: page });
