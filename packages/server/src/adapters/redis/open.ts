import { type Clock, decorrelatedJitter, type Random } from '@konferenco/core';
import { Cluster, Redis, type RedisOptions as ClientOptions } from 'ioredis';
import type { TlsMaterial } from '../tls.ts';
import { nameOf, parseRedisAddress, type RedisAddress } from './address.ts';
import { RedisStartError, type RedisStartReason } from './errors.ts';
import { RedisLink } from './link.ts';

export interface RedisOptions {
  /** See {@link parseRedisAddress}. */
  readonly url: string;
  /** What the operator calls the setting that holds `url`, for messages. */
  readonly setting: string;
  /** For `rediss`. */
  readonly tls?: TlsMaterial | undefined;
  /** How long a server that does not answer yet is waited for at the start; milliseconds. */
  readonly start_ms?: number;
  readonly clock: Clock;
  readonly random: Random;
}

const START_MS = 5_000;
const CONNECT_MS = 2_000;
/** How long an answer may take. */
const ANSWER_MS = 1_000;
const BACKOFF = { base_ms: 100, cap_ms: 5_000 };
const OLDEST = 7;

/**
 * Connects to Redis. From then on outages are borne: see {@link RedisLink}.
 *
 * @throws {RedisStartError} when it cannot be used.
 */
export async function openRedis(options: RedisOptions): Promise<RedisLink> {
  const address = parseRedisAddress(options.url, options.setting);
  const client = createClient(address, options);
  const name = nameOf(address);
  const stop = (reason: RedisStartReason, what: string): never => {
    throw new RedisStartError(reason, `${name} ${what}`);
  };
  try {
    await becomeReady(client, options, stop);
    check(await infoOf(client), address, options.setting, stop);
    return new RedisLink(client, options.clock);
  } catch (error) {
    client.disconnect();
    throw error;
  } finally {
    client.removeAllListeners('error');
    // Outages show as a closed connection and as rejected commands; without a listener they would be printed.
    client.on('error', () => {});
  }
}

type Stop = (reason: RedisStartReason, what: string) => never;

function createClient(address: RedisAddress, { tls: material, random }: RedisOptions): Redis | Cluster {
  const { kind, hosts, master, username, password, db } = address;
  let pause = 0;
  const retry = () => {
    pause = decorrelatedJitter(pause, random.next(), BACKOFF);
    return pause;
  };
  const tls = address.tls ? { tls: material ?? {} } : {};
  const server: ClientOptions = {
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    ...tls,
    protocol: 2,
    connectTimeout: CONNECT_MS,
    commandTimeout: ANSWER_MS,
    // A master that became a replica refuses to write: the next connection finds the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    disableClientInfo: true,
  };
  const common = { lazyConnect: true, enableAutoPipelining: true } as const;
  if (kind === 'cluster') {
    const client = new Cluster(
      hosts.map(({ host, port }) => ({ host, port })),
      // Its own first questions go through its queue. Ours never wait in it: see RedisLink.run.
      { ...common, enableOfflineQueue: true, clusterRetryStrategy: retry, redisOptions: server },
    );
    return client.on('ready', () => {
      pause = 0;
    });
  }
  const place =
    kind === 'sentinel'
      ? {
          sentinels: hosts.map(({ host, port }) => ({ host, port })),
          name: master,
          sentinelRetryStrategy: retry,
          failoverDetector: true,
          enableTLSForSentinelMode: address.tls,
          ...(address.tls ? { sentinelTLS: material ?? {} } : {}),
        }
      : { ...hosts[0] };
  const behaviour = {
    enableOfflineQueue: false,
    retryStrategy: retry,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  };
  const client = new Redis({ ...common, ...server, ...place, ...behaviour, db });
  return client.on('ready', () => {
    pause = 0;
  });
}

/** What an error of the first connection means; `null`: it may pass. */
function meaningOf({ message }: Error): readonly [RedisStartReason, string] | null {
  if (/NOAUTH/.test(message)) return ['password_missing', 'asks for a password: put it into SETTING'];
  if (/WRONGPASS|invalid password|invalid username-password/.test(message))
    return ['password_refused', 'refuses the user or password: correct them in SETTING'];
  if (/Protocol error|Unknown RESP type/.test(message))
    return ['not_redis', 'is no Redis: correct host and port in SETTING'];
  if (/altnames/.test(message))
    return ['not_trusted', 'shows a certificate of another host: name it in SETTING as the certificate does'];
  if (/ALERT|alert (?:bad|certificate|unknown)/.test(message))
    return [
      'not_trusted',
      'does not take the certificate of this node, or asks for one: correct KONFERENCO_REDIS_CERT_FILE and KONFERENCO_REDIS_KEY_FILE, or SETTING',
    ];
  if (/certificate/i.test(message))
    return [
      'not_trusted',
      'shows a certificate that is not trusted: name its authority in KONFERENCO_REDIS_CA_FILE, or correct SETTING',
    ];
  if (/cluster support disabled/.test(message))
    return ['no_cluster', 'is no cluster: write redis:// instead of redis+cluster:// in SETTING'];
  return null;
}

/** Resolves when the client serves; what cannot pass is told at once, and a server that is still starting is waited for. */
async function becomeReady(client: Redis | Cluster, options: RedisOptions, stop: Stop): Promise<void> {
  const { clock, setting, start_ms = START_MS } = options;
  const outcome = Promise.withResolvers<readonly [RedisStartReason, string] | null>();
  let last = '';
  const note = (error: Error) => {
    last = error.message;
    for (const one of [error, ...causesOf(error)]) {
      const meaning = meaningOf(one);
      if (meaning) outcome.resolve(meaning);
    }
  };
  client.on('error', note);
  client.on('ready', () => outcome.resolve(null));
  if (client instanceof Cluster) client.on('node error', note);
  const cancel = clock.after(start_ms, () => outcome.resolve(silence(last)));
  client.connect().catch(note);
  const found = await outcome.promise;
  cancel();
  if (found) stop(found[0], found[1].replace('SETTING', setting));
}

function causesOf(error: Error & { readonly lastNodeError?: unknown }): readonly Error[] {
  return [error.cause, error.lastNodeError].filter((one) => one instanceof Error);
}

function silence(last: string): readonly [RedisStartReason, string] {
  if (/sentinel/i.test(last))
    return ['no_such_master', 'is not known there: start the sentinels, or correct the name of the master in SETTING'];
  const code = /\b(E[A-Z]{4,})\b/.exec(last)?.[1];
  return ['unreachable', `does not answer${code ? ` (${code})` : ''}: start it, or correct SETTING`];
}

function infoOf(client: Redis | Cluster): Promise<string> {
  if (!(client instanceof Cluster)) return client.info();
  const [node] = client.nodes('master');
  return node ? node.info() : client.info();
}

/** Whether the server is one that can be used. */
function check(info: string, { kind }: RedisAddress, setting: string, stop: Stop): void {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const version = field('redis_version');
  if (Number.parseInt(version, 10) < OLDEST)
    stop('too_old', `is version ${version}: upgrade it to ${OLDEST} or newer, or name another in ${setting}`);
  if (kind === 'single' && field('cluster_enabled') === '1')
    stop('is_cluster', `is a cluster: write redis+cluster:// instead of redis:// in ${setting}`);
  if (kind === 'single' && field('role') === 'slave')
    stop('is_replica', `is a replica, which cannot be written to: name its master in ${setting}`);
}
