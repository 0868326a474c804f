import { StoreUnavailableError } from '@konferenco/core';
import { SQL, type TransactionSQL } from 'bun';
import { findPrimary, SERVER_STATE, type ServerState } from '../postgres-primary.ts';
import { type Bound, driverOptions, parseServers, type PostgresServers } from '../postgres-servers.ts';

export interface SeriesOptions {
  /** `postgres://user:password@host:5432/database`; or several servers, of which the one that takes writes is used. */
  readonly url: string | PostgresServers;
  /** Schema of the series' tables, made when it is missing; apart from the store's, so that either can move to another database. */
  readonly schema?: string;
}

const CONNECTIONS = 2;
const CONNECT_S = 5;
/** How long a transaction may take before its connection is given up, in milliseconds. */
const TRANSACTION_MS = 15_000;

/** How long the server waits for the next statement of a transaction, in milliseconds. */
const IDLE_MS = 3_000;

/** A small pool that is thrown away when something fails in it, and made anew for the next transaction. */
export class Database {
  readonly #servers: PostgresServers;
  #pool: Promise<Pool> | null = null;
  #closed = false;

  constructor(url: string | PostgresServers) {
    this.#servers = typeof url === 'string' ? parseServers(url) : url;
  }

  /** Runs `work` in a transaction. @throws {StoreUnavailableError} when it did not take effect, or nobody can say whether it did */
  transaction<T>(work: (sql: TransactionSQL) => Promise<T>): Promise<T> {
    return this.#use((sql) => sql.begin(work));
  }

  /**
   * Runs one statement, which begins and ends its transaction at the server: whatever becomes of this node, the rows it changes
   * are not held until the node is heard of again. Answers its rows.
   * @throws {StoreUnavailableError} as `transaction` does
   */
  statement<R>(text: string, parameters: readonly (string | number | null)[]): Promise<R[]> {
    return this.#use(async (sql) => (await sql.unsafe(text, [...parameters])) as R[]);
  }

  async #use<T>(work: (sql: SQL) => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreUnavailableError('the time series are closed');
    this.#pool ??= this.#open();
    const pool = this.#pool;
    const limit = Promise.withResolvers<never>();
    const timer = setTimeout(() => limit.reject(new Error('PostgreSQL does not answer')), TRANSACTION_MS);
    try {
      return await Promise.race([pool.then(({ sql }) => work(sql)), limit.promise]);
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
    await pool?.sql.close({ timeout: 1 });
    pool?.destroy();
    this.#pool = null;
  }

  /** Of several servers, to the one that takes writes now. */
  async #open(): Promise<Pool> {
    const servers = this.#servers;
    const [only, ...others] = servers.urls;
    if (only !== undefined && others.length === 0) return new Pool(driverOptions(servers, only));
    const { primary, failures } = await findPrimary(servers, (url) => asked(new Pool(driverOptions(servers, url))));
    if (primary) return primary;
    throw new StoreUnavailableError('none of the servers takes writes', { cause: failures[0] });
  }
}

/** Connections to one server. */
class Pool implements Bound {
  readonly sql: SQL;
  readonly #ending = new AbortController();

  constructor(where: ReturnType<typeof driverOptions>) {
    this.sql = new SQL({
      ...where,
      max: CONNECTIONS,
      connectionTimeout: CONNECT_S,
      connection: {
        application_name: 'konferenco-series',
        statement_timeout: TRANSACTION_MS - 1_000,
        // A node that is paused in the middle of a transaction holds up the others no longer than this.
        idle_in_transaction_session_timeout: IDLE_MS,
        client_min_messages: 'error',
        timezone: 'UTC',
      },
    });
  }

  get lost(): AbortSignal {
    return this.#ending.signal;
  }

  /** Ends it at once; whatever it still says does not matter. */
  destroy(): void {
    this.#ending.abort();
    this.sql.close({ timeout: 0 }).catch(() => undefined);
  }
}

async function asked(connection: Pool) {
  try {
    const [state] = (await connection.sql.unsafe(SERVER_STATE)) as ServerState[];
    return { connection, state };
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

function release(pool: Promise<Pool>): void {
  pool.then((opened) => opened.destroy()).catch(() => undefined);
}
