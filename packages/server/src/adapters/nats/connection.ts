import type { Clock, Random } from '@konferenco/core';
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { TlsMaterial } from '../tls.ts';
import { NatsStartError, startError } from './errors.ts';

/** How a node reaches NATS. */
export interface NatsOptions {
  /**
   * Addresses, comma-separated: `nats://user:password@host:4222`, `nats://token@host` or `tls://host`. The credentials of the
   * first address that has some are used for all.
   */
  readonly url: string;
  /** Name that NATS shows for the connection, such as the node's. */
  readonly name: string;
  /** Keeps several systems on one NATS apart: 1–32 letters, digits, `-`, `_`. */
  readonly prefix?: string;
  /** With it connections are over TLS only. */
  readonly tls?: TlsMaterial | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of what went wrong without harm to the node, such as a permission that NATS withdrew. */
  readonly onFault: (error: unknown) => void;
}

/** Milliseconds. A server that answers no sign of life is given up after two to three of them. */
const PING_MS = 3_000;
const PINGS_OUT = 2;
/** How long one try to connect may take. */
const CONNECT_MS = 4_000;
/** Pause between two tries, uniform in this range: nodes that lost NATS together come back one by one. */
const RECONNECT_MS = [100, 2_000] as const;
/** What the streams and consumers of this system need. */
const OLDEST = [2, 9] as const;
/** Bytes NATS must take in one message: the largest envelope, quoted, with what stands around it. */
const LEAST_PAYLOAD = 262_144;

export const DEFAULT_PREFIX = 'konferenco';

/**
 * Connects, and from then on comes back by itself after every outage.
 * @throws {NatsStartError} when NATS cannot be used at first.
 */
export async function connectNats(
  options: NatsOptions,
  { noEcho }: { readonly noEcho: boolean },
): Promise<NatsConnection> {
  const { servers, where, ...credentials } = parseUrl(options.url);
  const isTls = options.tls !== undefined || options.url.split(',').some((one) => one.trim().startsWith('tls:'));
  const [least, most] = RECONNECT_MS;
  const settings: NodeConnectionOptions = {
    servers,
    ...credentials,
    ...(isTls ? { tls: options.tls ?? {} } : {}),
    name: options.name,
    noEcho,
    timeout: CONNECT_MS,
    pingInterval: PING_MS,
    maxPingOut: PINGS_OUT,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: () => least + Math.round(options.random.next() * (most - least)),
  };
  const connection = await connect(settings).catch((error: unknown) => {
    // A server that wants a certificate may say so by silence.
    throw startError(error, where, { mayWantCertificate: isTls && options.tls?.cert === undefined });
  });
  const unfit = unfitness(connection, where);
  if (unfit === null) return connection;
  await connection.close();
  throw unfit;
}

function unfitness({ info }: NatsConnection, where: string): NatsStartError | null {
  const { version = '', max_payload = 0 } = info ?? {};
  if (isOld(version)) {
    const oldest = OLDEST.join('.');
    return new NatsStartError('too_old', `NATS at ${where} is version ${version}: upgrade it to ${oldest} or newer.`);
  }
  if (max_payload >= LEAST_PAYLOAD) return null;
  return new NatsStartError(
    'misconfigured',
    `NATS at ${where} takes messages of up to ${max_payload} bytes only: set max_payload to at least ${LEAST_PAYLOAD}.`,
  );
}

interface Target {
  readonly servers: string[];
  /** Hosts and ports for people to read. */
  readonly where: string;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

/** Takes addresses apart, because the driver takes no credentials in them. */
export function parseUrl(url: string): Target {
  const addresses = url
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map(parseAddress);
  if (addresses.length === 0) {
    throw new NatsStartError('misconfigured', 'No address of NATS is given: set KONFERENCO_NATS_URL.');
  }
  const servers = addresses.map(({ hostname, port }) => `${hostname}:${port === '' ? '4222' : port}`);
  const known = addresses.find(({ username }) => username !== '');
  const user = decodeURIComponent(known?.username ?? '');
  const pass = decodeURIComponent(known?.password ?? '');
  const credentials = user === '' ? {} : pass === '' ? { token: user } : { user, pass };
  return { servers, where: servers.join(', '), ...credentials };
}

function parseAddress(address: string): URL {
  const parsed = URL.parse(address);
  if (parsed && (parsed.protocol === 'nats:' || parsed.protocol === 'tls:') && parsed.hostname !== '') return parsed;
  throw new NatsStartError(
    'misconfigured',
    'An address of NATS is wrong: write nats://user:password@host:4222 in KONFERENCO_NATS_URL.',
  );
}

function isOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}
