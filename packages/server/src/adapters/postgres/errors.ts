import { SQL } from 'bun';
import { StoreUnavailableError } from '@konferenco/core';
import { parseServers, placeOf, type PostgresServers } from '../postgres-servers.ts';

/** The connection is gone. Whether the last statement took effect is for the caller to find out. */
export class SessionLostError extends Error {
  override readonly name = 'SessionLostError';
}

/** Of several servers none takes writes now: they are away, or replicas of which none is promoted yet. */
export class NoPrimaryError extends SessionLostError {
  constructor(failures: readonly unknown[]) {
    const [first] = failures;
    super('none of the servers takes writes', first === undefined ? {} : { cause: first });
  }
}

/** TLS could not be agreed upon, so there is no connection. */
export class TlsFailedError extends SessionLostError {}

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

/** What kept a connection from being made. Whatever is wrong with TLS, the server cannot be used now. */
export function asRefused(error: unknown): unknown {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code !== 'string' || !/CERT|TLS|SSL|^UNABLE_TO|^DEPTH_ZERO/.test(code)) return error;
  return new TlsFailedError(`the TLS connection to PostgreSQL fails: ${message}`, { cause: error });
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

/**
 * Something in the batch, or in the database, that trying again will not mend. For want of room (53) no call of the batch is to
 * blame, and one that found some alone would overtake those before it.
 */
export function asRefusal(reason: unknown): StoreUnavailableError {
  if (reason instanceof StoreUnavailableError) return reason;
  const Refusal = sqlState(reason).startsWith('53') ? StoreUnavailableError : BatchRefusedError;
  return new Refusal(reason instanceof Error ? reason.message : String(reason), { cause: reason });
}

/** A store that cannot be opened, in one sentence that says what to do. Never holds a password. */
export function startError(error: unknown, url: string | PostgresServers): StoreUnavailableError {
  const place = known(url);
  const where = place ? `${place.hosts}/${place.database}` : 'the address in KONFERENCO_POSTGRES_URL';
  return new StoreUnavailableError(`PostgreSQL at ${where}: ${adviceFor(error, place)}`, { cause: error });
}

type Place = ReturnType<typeof placeOf>;

/** `null`: the address is none. */
function known(url: string | PostgresServers): Place | null {
  try {
    return placeOf(typeof url === 'string' ? parseServers(url) : url);
  } catch {
    return null;
  }
}

function adviceFor(error: unknown, place: Place | null): string {
  if (error instanceof StoreUnavailableError) return error.message;
  const { user, database } = place ?? { user: '', database: '' };
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
  if (error instanceof TlsFailedError) return tlsAdvice(error);
  if (error instanceof SQL.PostgresError && error.code.startsWith('ERR_POSTGRES_UNSUPPORTED')) {
    return 'it asks for a way to sign in that is not supported; use scram-sha-256 in pg_hba.conf.';
  }
  if (error instanceof NoPrimaryError) {
    if (error.cause instanceof TlsFailedError) return tlsAdvice(error.cause);
    return 'none of them answers and takes writes; check the addresses, and promote a replica if the primary is gone.';
  }
  if (isLoss(error)) return 'it does not answer; check that it runs and that host and port are right.';
  return `it refused to open the store: ${error instanceof Error ? error.message : String(error)}`;
}

function tlsAdvice({ cause }: TlsFailedError): string {
  const { code, message } = cause as { readonly code: string; readonly message: string };
  if (code === 'ERR_POSTGRES_TLS_NOT_AVAILABLE')
    return 'it does not speak TLS; set ssl = on there, or leave out the sslmode and the TLS files.';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'its certificate is for another host; name the host in the URL as the certificate does.';
  if (/^(SELF_SIGNED|UNABLE_TO|DEPTH_ZERO)/.test(code))
    return 'its certificate is not trusted; name its authority in KONFERENCO_POSTGRES_CA_FILE.';
  return `the TLS connection fails (${message}); check the certificates on both sides.`;
}
