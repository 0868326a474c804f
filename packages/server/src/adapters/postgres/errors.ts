import { SQL } from 'bun';
import { StoreUnavailableError } from '@konferenco/core';

/** The connection is gone. Whether the last statement took effect is for the caller to find out. */
export class SessionLostError extends Error {
  override readonly name = 'SessionLostError';
}

/** The server refused a batch; it took no effect. One of its calls may be the reason, and the others good. */
export class BatchRefusedError extends StoreUnavailableError {}

/** SQLSTATE of what the server refused; empty when the error came from elsewhere. */
export function sqlState(error: unknown): string {
  return error instanceof SQL.PostgresError ? (error.errno ?? '') : '';
}

/** Whether the connection is of no more use: broken, ended by the server, or to one that takes no writes (any more). */
export function isLoss(error: unknown): boolean {
  if (error instanceof SessionLostError) return true;
  if (!(error instanceof SQL.PostgresError)) return false;
  const state = sqlState(error);
  if (state === '') return error.code.startsWith('ERR_POSTGRES_');
  return /^(08|57P0|25006|25P03|F0)/.test(state);
}

/**
 * Whether the same transaction may succeed when it is tried again: a deadlock or lost race (40), a lock not had in time
 * or a statement not done in time (55P03, 57014), an id another node stored meanwhile (23505), a partition another node
 * dropped (23514).
 */
export function isPassing(error: unknown): boolean {
  return /^(40|55P03|57014|23505|23514)/.test(sqlState(error));
}

/** What broke as the store's callers know it; mistakes of the program stay what they are. */
export function asUnavailable(error: unknown): unknown {
  if (!(error instanceof SQL.PostgresError) && !(error instanceof SessionLostError)) return error;
  return new StoreUnavailableError(error.message, { cause: error });
}

/** A store that cannot be opened, in one sentence that says what to do. Never holds a password. */
export function startError(error: unknown, url: string): StoreUnavailableError {
  return new StoreUnavailableError(`PostgreSQL at ${placeOf(url)}: ${adviceFor(error, url)}`, { cause: error });
}

function adviceFor(error: unknown, url: string): string {
  if (error instanceof StoreUnavailableError) return error.message;
  const { user, database } = partsOf(url);
  switch (sqlState(error)) {
    case '28P01':
    case '28000':
      return `the user '${user}' is not let in; check the user name and password in the URL, and pg_hba.conf.`;
    case '3D000':
      return `there is no database '${database}'; create it with: createdb --owner=${user} ${database}`;
    case '42501':
      return `the user '${user}' lacks rights; run: GRANT CREATE, CONNECT ON DATABASE ${database} TO ${user}`;
    case '53300':
      return 'it has no connections left; raise max_connections or start fewer nodes.';
    case '57P03':
      return 'it is starting up, shutting down or recovering; try again in a moment.';
    case '25006':
      return 'it is a read-only replica; give the address of the primary.';
    default:
  }
  if (error instanceof SQL.PostgresError && error.code.startsWith('ERR_POSTGRES_UNSUPPORTED')) {
    return 'it asks for a way to sign in that is not supported; use scram-sha-256 in pg_hba.conf.';
  }
  if (isLoss(error)) return 'it does not answer; check that it runs and that host and port are right.';
  return `it refused to open the store: ${error instanceof Error ? error.message : String(error)}`;
}

/** Host, port and database of a URL, without user and password. */
function placeOf(url: string): string {
  const { host, database } = partsOf(url);
  return `${host}/${database}`;
}

function partsOf(url: string): { readonly host: string; readonly user: string; readonly database: string } {
  if (!URL.canParse(url)) return { host: 'an address that is no URL', user: '', database: '' };
  const { host, username, pathname } = new URL(url);
  return { host, user: decodeURIComponent(username), database: decodeURIComponent(pathname.slice(1)) };
}
