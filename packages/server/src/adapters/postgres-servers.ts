import { StoreUnavailableError } from '@konferenco/core';
import type { TlsMaterial } from './tls.ts';

/** The servers of which one takes writes, and how they are reached. Made once and shared by everything that connects. */
export interface PostgresServers {
  /** An address for each server: `postgres://user:password@host:port/database`. */
  readonly urls: readonly string[];
  readonly tls: TlsMaterial | undefined;
  /** Of several servers, what was learnt of them. */
  readonly knowledge: Knowledge;
}

/** A connection as far as it matters which server it is to. */
export interface Bound {
  readonly lost: AbortSignal;
  destroy(): void;
}

/**
 * The newest timeline a connection was made to. A server that is promoted begins a new one, so a server of an earlier timeline
 * that still takes writes is one that was replaced and does not know.
 */
export class Knowledge {
  readonly #bound = new Map<Bound, number>();
  #timeline = 0;

  get timeline(): number {
    return this.#timeline;
  }

  /** Takes note of a connection to a server of this timeline, and ends those to servers of earlier ones. */
  bind(connection: Bound, timeline: number): void {
    this.#bound.set(connection, timeline);
    connection.lost.addEventListener('abort', () => this.#bound.delete(connection), { once: true });
    if (timeline <= this.#timeline) return;
    this.#timeline = timeline;
    for (const [other, earlier] of [...this.#bound]) if (earlier < timeline) other.destroy();
  }
}

const URL_OF_SEVERAL = /^(postgres(?:ql)?:\/\/(?:[^@/?#]*@)?)([^@/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/;
const USUAL_PORT = '5432';
const ADVICE =
  'write postgres://user:password@host:5432/database in KONFERENCO_POSTGRES_URL, several hosts as host:5432,host:5432.';

/**
 * Takes an address apart: as libpq has it, `postgres://user:password@host:5432,host:5432/database`. User and password are
 * percent-encoded. Of `target_session_attrs` only `read-write` and `primary` fit, which is what happens anyway.
 *
 * @throws {StoreUnavailableError} which does not repeat the address, because it may hold a password
 */
export function parseServers(url: string, tls?: TlsMaterial): PostgresServers {
  const [, before = '', hosts = '', path = '', query = ''] = URL_OF_SEVERAL.exec(url) ?? [];
  const parameters = new URLSearchParams(query);
  const target = parameters.get('target_session_attrs') ?? 'read-write';
  parameters.delete('target_session_attrs');
  const after = `${path}${parameters.size > 0 ? `?${parameters}` : ''}`;
  const urls = hosts.split(',').map((host) => `${before}${host}${after}`);
  if (before === '' || hosts === '' || !urls.every((one) => URL.canParse(one) && new URL(one).hostname !== ''))
    throw new StoreUnavailableError(`The address of PostgreSQL is none: ${ADVICE}`);
  if (target !== 'read-write' && target !== 'primary')
    throw new StoreUnavailableError(
      `target_session_attrs=${target} may lead to a server that takes no writes: leave it out of KONFERENCO_POSTGRES_URL.`,
    );
  return { urls, tls, knowledge: new Knowledge() };
}

/** What the driver takes to connect to one of the servers. Without a mode in the address TLS means that everything is checked. */
export function driverOptions({ tls }: PostgresServers, url: string) {
  if (!tls) return { url };
  return { url, tls: { ...tls, ...(/[?&](sslmode|ssl|tls)=/.test(url) ? {} : { rejectUnauthorized: true }) } };
}

/** Hosts, ports and database, and the user, for people to read; nothing secret. */
export function placeOf({ urls }: PostgresServers): {
  readonly hosts: string;
  readonly user: string;
  readonly database: string;
} {
  const parsed = urls.map((url) => new URL(url));
  const [first] = parsed;
  return {
    hosts: parsed.map(({ hostname, port }) => `${hostname}:${port || USUAL_PORT}`).join(', '),
    user: decodeURIComponent(first?.username ?? ''),
    database: decodeURIComponent(first?.pathname.slice(1) ?? ''),
  };
}
