import { type ReservedSQL, SQL } from 'bun';
import { asRefused, isLoss, NoPrimaryError, SessionLostError } from './errors.ts';
import { driverOptions, parseServers, type PostgresServers } from '../postgres-servers.ts';
import { findPrimary, SERVER_STATE, type ServerState } from '../postgres-primary.ts';

export interface SessionOptions {
  /** Of several servers, the one that takes writes is used. */
  readonly url: string | PostgresServers;
  /** Schema that holds the tables. */
  readonly schema: string;
  /** Shown to the server's operator; at most 63 characters. */
  readonly name: string;
  /** Milliseconds a connection may take to open. */
  readonly connectMs: number;
  /** Milliseconds a statement may take, waiting for locks included. */
  readonly statementMs: number;
  /** Settings of the session beside the usual ones. */
  readonly settings?: Readonly<Record<string, string>>;
}

export type Parameter = string | number | null;

/** A statement's rows and what the server called it when it was done: `COMMIT` or `ROLLBACK` after a `COMMIT`. */
export type Rows<R> = readonly R[] & { readonly command: string };

/** Begins and ends transactions. The driver sends other statements without parameters alone, and these with their neighbours. */
const TRANSACTION = new Map(['BEGIN', 'COMMIT', 'ROLLBACK'].map((text) => [text, template(text)]));

/**
 * Without statistics, as in a table that just grew, the planner would read whole tables. Every statement of the store has an
 * index that fits, so plans that need none are ruled out.
 */
const PLANNER = { jit: 'off', enable_seqscan: 'off', enable_hashjoin: 'off', enable_mergejoin: 'off' };

/**
 * One connection. Statements with parameters, `BEGIN`, `COMMIT` and `ROLLBACK` travel together when they are handed over
 * without waiting, and all run in the order of the calls. What was lost
 * stays lost: no statement ever runs on another connection than the one before it.
 */
export class Session {
  readonly #pool: SQL;
  readonly #connection: ReservedSQL;
  readonly #statementMs: number;
  readonly #loss = new AbortController();

  /** @throws the driver's error, see `startError` */
  static async open(options: SessionOptions): Promise<Session> {
    const servers = typeof options.url === 'string' ? parseServers(options.url) : options.url;
    const [only, ...others] = servers.urls;
    if (only !== undefined && others.length === 0) return Session.#openAt(driverOptions(servers, only), options);
    const { primary, failures } = await findPrimary(servers, (url) =>
      Session.#ask(driverOptions(servers, url), options),
    );
    if (primary) return primary;
    throw failures.find((error) => !isLoss(error)) ?? new NoPrimaryError(failures);
  }

  static async #ask(where: ReturnType<typeof driverOptions>, options: SessionOptions) {
    const connection = await Session.#openAt(where, options);
    try {
      const [state] = await connection.query<ServerState>(SERVER_STATE);
      return { connection, state };
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  static async #openAt(where: ReturnType<typeof driverOptions>, options: SessionOptions): Promise<Session> {
    const state: { session?: Session } = {};
    const pool = new SQL({
      ...where,
      max: 1,
      idleTimeout: 0,
      maxLifetime: 0,
      connectionTimeout: Math.max(1, Math.ceil(options.connectMs / 1_000)),
      connection: {
        application_name: options.name,
        search_path: `"${options.schema}"`,
        synchronous_commit: 'on',
        default_transaction_isolation: 'read committed',
        statement_timeout: options.statementMs,
        lock_timeout: Math.ceil(options.statementMs / 2),
        idle_in_transaction_session_timeout: options.statementMs,
        client_min_messages: 'error',
        ...PLANNER,
        ...options.settings,
      },
      onclose: () => state.session?.destroy(),
    });
    try {
      const connection = await within(pool.reserve(), options.connectMs);
      state.session = new Session(pool, connection, options.statementMs);
      return state.session;
    } catch (error) {
      release(pool);
      throw asRefused(error);
    }
  }

  private constructor(pool: SQL, connection: ReservedSQL, statementMs: number) {
    this.#pool = pool;
    this.#connection = connection;
    this.#statementMs = statementMs;
  }

  /** Aborts when the connection is gone, for whatever reason. */
  get lost(): AbortSignal {
    return this.#loss.signal;
  }

  /**
   * Runs one statement. `turns`: how many transactions' time it may take, itself and those under way before it.
   * @throws {SessionLostError} when the connection breaks, or the server does not answer for longer than a statement may take
   */
  async query<R = Record<string, unknown>>(
    text: string,
    parameters: readonly Parameter[] = [],
    turns = 1,
  ): Promise<Rows<R>> {
    if (this.lost.aborted) throw new SessionLostError('the connection is closed');
    const silence = setTimeout(() => this.destroy(), (this.#statementMs + 1_000) * turns);
    try {
      const words = TRANSACTION.get(text);
      return (await (words ? this.#connection(words) : this.#connection.unsafe(text, [...parameters]))) as Rows<R>;
    } catch (error) {
      if (!isLoss(error)) throw error;
      this.destroy();
      throw new SessionLostError(`the connection to PostgreSQL broke: ${messageOf(error)}`, { cause: error });
    } finally {
      clearTimeout(silence);
    }
  }

  /** Runs `work` in a transaction. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.query('BEGIN');
    try {
      const result = await work();
      await this.query('COMMIT');
      return result;
    } catch (error) {
      if (!this.lost.aborted) await this.query('ROLLBACK');
      throw error;
    }
  }

  /** Drops the connection at once; what is under way fails with {@link SessionLostError}. */
  destroy(): void {
    if (this.lost.aborted) return;
    this.#loss.abort();
    release(this.#pool);
  }
}

function template(text: string): TemplateStringsArray {
  return Object.freeze(Object.defineProperty([text], 'raw', { value: [text] })) as unknown as TemplateStringsArray;
}

/** Closing what is broken already may fail, and then there is nothing left to do. */
function release(pool: SQL): void {
  pool.close({ timeout: 0 }).catch(() => undefined);
}

function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SessionLostError(`PostgreSQL did not answer within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
