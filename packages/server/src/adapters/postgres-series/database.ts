import { StoreUnavailableError } from '@konferenco/core';
import { SQL, type TransactionSQL } from 'bun';

export interface SeriesOptions {
  /** `postgres://user:password@host:5432/database`. */
  readonly url: string;
  /** Schema of the series' tables, made when it is missing; apart from the store's, so that either can move to another database. */
  readonly schema?: string;
}

const CONNECTIONS = 2;
const CONNECT_S = 5;
/** How long a transaction may take before its connection is given up, in milliseconds. */
const TRANSACTION_MS = 15_000;

/** A small pool that is thrown away when something fails in it, and made anew for the next transaction. */
export class Database {
  readonly #url: string;
  #pool: SQL | null = null;
  #closed = false;

  constructor(url: string) {
    this.#url = url;
  }

  /** Runs `work` in a transaction. @throws {StoreUnavailableError} when it did not take effect, or nobody can say whether it did */
  async transaction<T>(work: (sql: TransactionSQL) => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreUnavailableError('the time series are closed');
    this.#pool ??= this.#open();
    const pool = this.#pool;
    const limit = Promise.withResolvers<never>();
    const timer = setTimeout(() => limit.reject(new Error('PostgreSQL does not answer')), TRANSACTION_MS);
    try {
      return await Promise.race([pool.begin(work), limit.promise]);
    } catch (error) {
      if (this.#pool === pool) this.#pool = null;
      release(pool);
      throw new StoreUnavailableError('the time series in PostgreSQL cannot be used now', { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool?.close({ timeout: 1 });
    this.#pool = null;
  }

  #open(): SQL {
    return new SQL({
      url: this.#url,
      max: CONNECTIONS,
      connectionTimeout: CONNECT_S,
      connection: {
        application_name: 'konferenco-series',
        statement_timeout: TRANSACTION_MS - 1_000,
        client_min_messages: 'error',
        timezone: 'UTC',
      },
    });
  }
}

/** Ends what is left of a pool that failed; whatever it still says does not matter. */
function release(pool: SQL): void {
  pool.close({ timeout: 0 }).catch(() => undefined);
}
