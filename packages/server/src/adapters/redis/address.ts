import { RedisStartError } from './errors.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where Redis is and how it is reached. */
export interface RedisAddress {
  /** `single`: one server; `sentinel`: sentinels that know the master's place; `cluster`: some nodes of a cluster. */
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly hosts: readonly HostPort[];
  /** Name under which sentinels know the master; empty otherwise. */
  readonly master: string;
  readonly username: string;
  readonly password: string;
  readonly db: number;
  readonly tls: boolean;
}

const SCHEME = /^(redis|rediss)(?:\+(sentinel|cluster))?:\/\/(?:([^@]*)@)?([^/?#]+)(?:\/([^?#]*))?$/;
const PORTS = { single: 6379, sentinel: 26_379, cluster: 6379 } as const;

/**
 * Takes an address apart: `redis://[user:password@]host[:port][/db]`, `redis+sentinel://[…@]host:port,host:port/master[/db]`
 * or `redis+cluster://[…@]host:port,host:port`; with `rediss` instead of `redis` over TLS. User and password are
 * percent-encoded.
 *
 * @param setting what the operator calls the setting
 * @throws {RedisStartError} `bad_address`; the message does not repeat the address, which may hold a password.
 */
export function parseRedisAddress(text: string, setting: string): RedisAddress {
  const fail = (why: string): never => {
    throw new RedisStartError('bad_address', `${setting} ${why}: write it as redis://user:password@host:6379`);
  };
  const [, scheme, mode, credentials = '', places = '', path = ''] = SCHEME.exec(text) ?? fail('is no Redis address');
  const kind = mode === 'sentinel' || mode === 'cluster' ? mode : 'single';
  const hosts = places
    .split(',')
    .map((place) => hostPort(place, PORTS[kind]) ?? fail('has a host or port that is none'));
  if (kind === 'single' && hosts.length > 1) fail('names several hosts without saying redis+cluster or redis+sentinel');
  const parts = path.split('/').filter((part) => part !== '');
  const master =
    kind === 'sentinel' ? (parts.shift() ?? fail('has sentinels and no name of the master after them')) : '';
  const db = Number(parts.shift() ?? 0);
  if (!Number.isInteger(db) || db < 0 || parts.length > 0) fail('has a database that is no number');
  if (kind === 'cluster' && db !== 0) fail('names a database, which a cluster does not have');
  const [username = '', password = ''] = splitCredentials(credentials, () => fail('has a badly encoded password'));
  return { kind, hosts, master, username, password, db, tls: scheme === 'rediss' };
}

/** For logs and messages: hosts and ports, nothing secret. */
export function nameOf({ kind, hosts, master }: RedisAddress): string {
  const places = hosts.map(({ host, port }) => `${host}:${port}`).join(', ');
  if (kind === 'sentinel') return `Redis "${master}" of the sentinels ${places}`;
  return kind === 'cluster' ? `the Redis cluster at ${places}` : `Redis at ${places}`;
}

function hostPort(place: string, usual: number): HostPort | null {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]]+))(?::(\d{1,5}))?$/.exec(place) ?? [];
  const host = bracketed ?? plain;
  const number = port === undefined ? usual : Number(port);
  return host === undefined || number < 1 || number > 65_535 ? null : { host, port: number };
}

function splitCredentials(text: string, fail: () => never): readonly string[] {
  if (text === '') return [];
  const at = text.indexOf(':');
  const parts = at < 0 ? ['', text] : [text.slice(0, at), text.slice(at + 1)];
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return fail();
  }
}
