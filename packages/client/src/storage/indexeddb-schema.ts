import type { IDBPDatabase } from 'idb';
import { LocalStoreError, type LocalStoreFault } from './local-store.ts';

/** What brings a database to a version from the one before. Steps are never changed once they were released. */
export interface IndexedDbStep {
  readonly version: number;
  readonly apply: (database: IDBPDatabase) => void;
}

/** Version 1 was the web app's outbox, a database of its own: see legacy-outbox.ts. */
export const INDEXEDDB_STEPS: readonly IndexedDbStep[] = [
  {
    version: 2,
    apply(database) {
      for (const table of ['outbox', 'entries', 'logs', 'documents', 'versions', 'people', 'meta']) {
        database.createObjectStore(table);
      }
    },
  },
];

/** By the names of exceptions that browsers give. What is not named here says that the database cannot be used. */
const FAULTS: Readonly<Record<string, LocalStoreFault>> = {
  QuotaExceededError: 'full',
  VersionError: 'newer',
  // Chromium and Firefox say so when the files below are unreadable, Safari when they do not open.
  UnknownError: 'damaged',
  DataError: 'damaged',
  NotReadableError: 'damaged',
  // A table that the version promises is not there.
  NotFoundError: 'damaged',
};

/** An exception of IndexedDB as a fault of the store. Anything else, a mistake of this program, stays as it is. */
export function indexedDbFault(thrown: unknown): unknown {
  if (thrown instanceof LocalStoreError || !isDomException(thrown)) return thrown;
  return new LocalStoreError(FAULTS[thrown.name] ?? 'unavailable', thrown.message || thrown.name, thrown);
}

/** By shape: a failed request's error is not always of the page's own class. */
function isDomException(thrown: unknown): thrown is DOMException {
  return thrown instanceof Error && 'code' in thrown;
}
