import { StoreUnavailableError } from '@konferenco/core';
import { SQL, type TransactionSQL } from 'bun';
import { findPrimary } from '../postgres/primary.ts';
import { driverOptions, parseServers, type PostgresServers } from '../postgres/servers.ts';
import { Session } from '../postgres/session.ts';

export interface SeriesOptions {
  /** `postgres://user:password@host:5432/database`; or several servers, of which the one that takes writes is used. */
  readonly url: string | PostgresServers;
  /** Schema of the series' tables, made when it is missing; apart from the store's, so that either can move to another database. */
  readonly schema?: string;
}

const CONNECTIONS = 2;
const CONNECT_S = 5;
const NAME = 'konferenco-series';
/** How long a transaction may take before its connection is given up, in milliseconds. */
const TRANSACTION_MS = 15_000;

/** A small pool that is thrown away when something fails in it, and made anew for the next transaction. */
export class Database {
  readonly #servers: PostgresServers;
  #pool: Promise<SQL> | null = null;
  #closed = false;

  constructor(url: string | PostgresServers) {
    this.#servers = typeof url === 'string' ? parseServers(url) : url;
  }

  /** Runs `work` in a transaction. @throws {StoreUnavailableError} when it did not take effect, or nobody can say whether it did */
  async transaction<T>(work: (sql: TransactionSQL) => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreUnavailableError('the time series are closed');
    this.#pool ??= this.#open();
    const pool = this.#pool;
    const limit = Promise.withResolvers<never>();
    const timer = setTimeout(() => limit.reject(new Error('PostgreSQL does not answer')), TRANSACTION_MS);
    try {
      return await Promise.race([pool.then((open) => open.begin(work)), limit.promise]);
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
    const pool = await this.#pool?.catch(() => null);
    await pool?.close({ timeout: 1 });
    this.#pool = null;
  }

  async #open(): Promise<SQL> {
    return new SQL({
      ...driverOptions(this.#servers, await this.#primary()),
      max: CONNECTIONS,
      connectionTimeout: CONNECT_S,
      connection: {
        application_name: NAME,
        statement_timeout: TRANSACTION_MS - 1_000,
        client_min_messages: 'error',
        timezone: 'UTC',
      },
    });
  }

  /** Of several servers, the one that takes writes now. */
  async #primary(): Promise<string> {
    const servers = this.#servers;
    const [only = '', ...others] = servers.urls;
    if (others.length === 0) return only;
    const opened = new Map<Session, string>();
    const limits = { connectMs: CONNECT_S * 1_000, statementMs: CONNECT_S * 1_000 };
    const session = await findPrimary(servers, async (url) => {
      const one = await Session.open({ url: { ...servers, urls: [url] }, schema: 'public', name: NAME, ...limits });
      opened.set(one, url);
      return one;
    });
    session.destroy();
    return opened.get(session) ?? only;
  }
}

/** Ends what is left of a pool that failed; whatever it still says does not matter. */
function release(pool: Promise<SQL>): void {
  pool.then((open) => open.close({ timeout: 0 })).catch(() => undefined);
}
