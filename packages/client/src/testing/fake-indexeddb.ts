import {
  IDBCursor,
  IDBCursorWithValue,
  IDBDatabase,
  IDBFactory,
  IDBIndex,
  IDBKeyRange,
  IDBObjectStore,
  IDBOpenDBRequest,
  IDBRequest,
  IDBTransaction,
  IDBVersionChangeEvent,
} from 'fake-indexeddb';

const CLASSES = {
  IDBCursor,
  IDBCursorWithValue,
  IDBDatabase,
  IDBFactory,
  IDBIndex,
  IDBKeyRange,
  IDBObjectStore,
  IDBOpenDBRequest,
  IDBRequest,
  IDBTransaction,
  IDBVersionChangeEvent,
};

/** Gives the program an IndexedDB in memory, empty at each call. Returns what takes it away again. */
export function installFakeIndexedDb(): () => void {
  for (const [name, value] of Object.entries(CLASSES)) define(name, value);
  define('indexedDB', new IDBFactory());
  return () => {
    for (const name of [...Object.keys(CLASSES), 'indexedDB']) Reflect.deleteProperty(globalThis, name);
  };
}

function define(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
