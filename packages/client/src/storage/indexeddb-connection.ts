import { type IDBPDatabase, openDB } from 'idb';
import type { Environment } from '../types.ts';
import { type IndexedDbStep, indexedDbFault } from './indexeddb-schema.ts';
import { LocalStoreError, type LocalTable } from './local-store.ts';
import { sealed } from './row-codec.ts';

const OUTBOX: LocalTable = 'outbox';
/** How long another tab may keep an older version of the database open before this one does without. */
const BLOCKED_MS = 5_000;

export interface IndexedDbOptions {
  readonly name: string;
  readonly steps: readonly IndexedDbStep[];
  readonly after: Environment['after'];
  /** Rows of `outbox` that a database made by this call holds from the first moment. */
  readonly salvaged?: ReadonlyMap<string, unknown>;
}

/**
 * A database that is open whenever it is needed: closed for another tab's upgrade or deletion, reopened after the
 * browser closed it by itself.
 */
export class IndexedDbConnection {
  readonly #options: IndexedDbOptions;
  #database: Promise<IDBPDatabase> | null = null;
  /** Why it stays closed. */
  #ended: LocalStoreError | null = null;

  constructor(options: IndexedDbOptions) {
    this.#options = options;
  }

  /**
   * Runs `work` on the open database. It must begin its transaction before it waits for anything.
   *
   * @throws {LocalStoreError}
   */
  async use<T>(work: (database: IDBPDatabase) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#open()).catch(async (error: unknown) => {
        // The connection was closed between being asked for and used; no transaction had begun.
        if (!isClosing(error) || this.#database) throw error;
        return work(await this.#open());
      });
    } catch (error) {
      throw indexedDbFault(error);
    }
  }

  /** Transactions under way are finished. */
  async close(): Promise<void> {
    this.#ended ??= new LocalStoreError('unavailable', 'The store is closed.');
    const database = await this.#database?.catch(() => null);
    this.#database = null;
    database?.close();
  }

  #open(): Promise<IDBPDatabase> {
    if (this.#ended) return Promise.reject(this.#ended);
    this.#database ??= this.#opened();
    return this.#database;
  }

  async #opened(): Promise<IDBPDatabase> {
    try {
      return await openDatabase(this.#options, {
        closed: () => {
          this.#database = null;
        },
        deleted: () => {
          // Opening it again would make a store for somebody who signed out.
          this.#ended ??= new LocalStoreError('unavailable', 'The store was deleted in another tab.');
        },
      });
    } catch (error) {
      this.#database = null;
      throw error;
    }
  }
}

function isClosing(error: unknown): boolean {
  return error instanceof Error && error.name === 'InvalidStateError';
}

interface ConnectionEvents {
  readonly closed: () => void;
  readonly deleted: () => void;
}

function openDatabase(options: IndexedDbOptions, events: ConnectionEvents): Promise<IDBPDatabase> {
  const { name, steps, after, salvaged } = options;
  return new Promise((resolve, reject) => {
    let givenUp = false;
    let stopWaiting = (): void => {};
    const opening = openDB(name, versionOf(steps), {
      upgrade(database, from, _to, transaction) {
        stopWaiting();
        const work: Promise<unknown>[] = [transaction.done];
        try {
          for (const step of steps) if (step.version > from) step.apply(database);
          for (const [key, value] of from === 0 ? (salvaged ?? []) : []) {
            work.push(transaction.objectStore(OUTBOX).put(sealed(OUTBOX, key, JSON.stringify(value)), key));
          }
        } catch (error) {
          transaction.abort();
          reject(error);
        }
        // Whatever fails here makes opening fail, which tells it.
        Promise.all(work).catch(() => {});
      },
      blocked() {
        stopWaiting = after(BLOCKED_MS, () => {
          givenUp = true;
          reject(new LocalStoreError('unavailable', 'Another tab holds an older version of the store.'));
        });
      },
      blocking(_from, to, event) {
        events.closed();
        if (to === null) events.deleted();
        (event.target as IDBDatabase).close();
      },
      terminated: events.closed,
    });
    opening.then((database) => {
      stopWaiting();
      if (givenUp) database.close();
      else resolve(database);
    }, reject);
  });
}

function versionOf(steps: readonly IndexedDbStep[]): number {
  return steps.at(-1)?.version ?? 1;
}
