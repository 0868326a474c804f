import type { OutboxEntry, OutboxStore } from '@konferenco/client';

const DATABASE = 'konferenco';
const STORE = 'outbox';

/**
 * An outbox in IndexedDB, so that what was written offline survives closing the page. `put` resolves when the
 * transaction is on disk (`durability: strict`). Where the browser gives no database, each call rejects.
 */
export function indexedDbOutbox(factory: IDBFactory): OutboxStore {
  let opening: Promise<IDBDatabase> | null = null;
  const database = (): Promise<IDBDatabase> => {
    opening ??= open(factory).catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
  const write = async (work: (store: IDBObjectStore) => void): Promise<void> => {
    const transaction = (await database()).transaction(STORE, 'readwrite', { durability: 'strict' });
    work(transaction.objectStore(STORE));
    await completion(transaction);
  };
  return {
    async load() {
      const store = (await database()).transaction(STORE, 'readonly').objectStore(STORE);
      const entries = await answer<OutboxEntry[]>(store.getAll());
      return entries.toSorted((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
    },
    put: (entry) => write((store) => void store.put(entry)),
    delete: (id) => write((store) => void store.delete(id)),
  };
}

function open(factory: IDBFactory): Promise<IDBDatabase> {
  const request = factory.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
  return answer(request);
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('The browser could not read its storage.'));
  });
}

function completion(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (): void => reject(transaction.error ?? new Error('The browser could not save to its storage.'));
    transaction.oncomplete = () => resolve();
    transaction.onerror = failed;
    transaction.onabort = failed;
  });
}
