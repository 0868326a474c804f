/** At once, or later: a native library answers at once, the plugin of a webview later. */
export type Awaitable<T> = T | Promise<T>;

export type SqliteValue = string | number | null;

export interface SqliteCall {
  readonly sql: string;
  readonly values: readonly SqliteValue[];
}

/** One open SQLite database. Failures are thrown, or reject, as {@link SqliteError}. */
export interface SqliteDriver {
  /** Runs one statement whose result nobody reads, outside of any transaction. */
  exec(sql: string): Awaitable<void>;
  /** All rows of a query, each with its columns by name. */
  all(call: SqliteCall): Awaitable<readonly Readonly<Record<string, SqliteValue>>[]>;
  /** Runs the calls in one `BEGIN IMMEDIATE` transaction: all of them or none. Resolves once it is committed. */
  transaction(calls: readonly SqliteCall[]): Awaitable<void>;
  close(): Awaitable<void>;
}

/** Where databases lie. Names are file names without a folder; each stands for the database with its journal files. */
export interface SqlitePlatform {
  /** Opens a database, and makes it when there is none. */
  open(name: string): Awaitable<SqliteDriver>;
  names(): Awaitable<readonly string[]>;
  /** Replaces nothing: there is no database `to`. */
  rename(from: string, to: string): Awaitable<void>;
  copy(from: string, to: string): Awaitable<void>;
  /** Does nothing when there is none. */
  remove(name: string): Awaitable<void>;
  /** Bytes of the database with its journal files, and those free on the device beside them; `null`: not known. */
  size(name: string): Awaitable<{ readonly bytes: number | null; readonly free: number | null }>;
}

/** SQLite's primary result codes that a store tells apart, by https://www.sqlite.org/rescode.html. */
export type SqliteFault = 'busy' | 'full' | 'corrupt' | 'constraint' | 'other';

export class SqliteError extends Error {
  override readonly name = 'SqliteError';
  readonly fault: SqliteFault;

  constructor(fault: SqliteFault, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.fault = fault;
  }
}

const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const FULL = 13;
const CONSTRAINT = 19;
const NOT_A_DATABASE = 26;
/** The index of the write-ahead log could not grow: no room, said in other words. */
const SHM_SIZE = 10 | (19 << 8);

/** What an extended result code means to a store. */
export function sqliteFault(code: number): SqliteFault {
  if (code === SHM_SIZE) return 'full';
  switch (code & 0xff) {
    case BUSY:
    case LOCKED:
      return 'busy';
    case CORRUPT:
    case NOT_A_DATABASE:
      return 'corrupt';
    case FULL:
      return 'full';
    case CONSTRAINT:
      return 'constraint';
    default:
      return 'other';
  }
}

/** What a library for SQLite that answers at once offers, whichever it is. */
export interface SqliteLibrary {
  exec(sql: string): void;
  all(call: SqliteCall): readonly Readonly<Record<string, SqliteValue>>[];
  close(): void;
  /** The result code of what the library threw; `null`: it was not SQLite's. */
  codeOf(thrown: unknown): number | null;
}

/** A driver over a library that answers at once. */
export function driverOver(library: SqliteLibrary): SqliteDriver {
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      const code = library.codeOf(error);
      throw code === null ? error : new SqliteError(sqliteFault(code), error);
    }
  };
  return {
    exec: (sql) => guarded(() => library.exec(sql)),
    all: (call) => guarded(() => library.all(call)),
    transaction: (calls) =>
      guarded(() => {
        library.exec('BEGIN IMMEDIATE');
        try {
          for (const call of calls) library.all(call);
          library.exec('COMMIT');
        } catch (error) {
          rollBack(library);
          throw error;
        }
      }),
    close: () => guarded(() => library.close()),
  };
}

function rollBack(library: SqliteLibrary): void {
  try {
    library.exec('ROLLBACK');
  } catch (error) {
    // Where SQLite rolled back by itself, as it does when the disk is full, there is none to roll back any more.
    if (library.codeOf(error) === null) throw error;
  }
}
