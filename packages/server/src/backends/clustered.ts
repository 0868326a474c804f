import { SenderLimits } from '@konferenco/core';
import type { Registry } from 'prom-client';
import type { KeyRing } from '../accounts/key-store.ts';
import { openMessageCounts } from '../adapters/postgres-series/message-counts.ts';
import { openPostgresPositions } from '../adapters/postgres-series/positions.ts';
import { parseServers } from '../adapters/postgres-servers.ts';
import { openPostgresStore, type PostgresStore } from '../adapters/postgres/store.ts';
import { type NatsBus, openNatsBus } from '../adapters/nats/bus.ts';
import { createLocalBus } from '../adapters/embedded/bus.ts';
import { openRedis } from '../adapters/redis/open.ts';
import type { RedisLink } from '../adapters/redis/link.ts';
import { createRedisDirectory } from '../adapters/redis/presence-directory.ts';
import { createRedisRates } from '../adapters/redis/rates.ts';
import { createRedisRequestRates } from '../adapters/redis/request-rates.ts';
import { createRedisSingleUse } from '../adapters/redis/single-use.ts';
import { NameClaim } from '../cluster/claim.ts';
import { readTlsFiles } from './tls-files.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import type { BackendOptions, Backends, PartReport, Shared } from './backends.ts';
import { openFeeding } from './feeding.ts';
import { counter, gauge } from './figures.ts';

/** A node of any number: PostgreSQL is the truth; NATS joins the nodes; in Redis they leave what they share. */
export async function openClustered(options: BackendOptions): Promise<Backends> {
  const opened: { close(): Promise<void> | void }[] = [];
  const keep = <T extends { close(): Promise<void> | void }>(part: T): T => {
    opened.unshift(part);
    return part;
  };
  const close = async () => {
    for (const part of opened.splice(0)) await part.close();
  };
  try {
    return { ...(await openParts(options, keep)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Keep = <T extends { close(): Promise<void> | void }>(part: T) => T;

async function openParts(options: BackendOptions, keep: Keep): Promise<Omit<Backends, 'close'>> {
  const { config, start, log, onFault } = options;
  const { name } = start;
  const common = { clock: systemClock, random: systemRandom };
  const tls = readTlsFiles(config, (problem) => log.error({ problem }, 'replaced TLS files cannot be used'));
  const servers = parseServers(config.postgresUrl, tls.postgres);
  const store = keep(
    await openPostgresStore({
      url: servers,
      renewEpoch: config.restored === 'yes',
      onDamage: (damage) => log.error({ damage }, 'the store is damaged'),
      onFault,
    }),
  );
  const series = { url: servers, now: () => systemClock.now() };
  const positions = keep(await openPostgresPositions({ ...series, isRestored: config.restored === 'yes' }));
  const truth = { store, positions, keys: store.keys<KeyRing>() };
  if (config.natsUrl === '') return { ...truth, ...onItsOwn(store), bus: keep(createLocalBus()) };
  const bus = keep(await openNatsBus({ url: config.natsUrl, tls: tls.nats, name, onFault, ...common }));
  const claim = keep(new NameClaim({ start, bus, clock: systemClock }));
  // The answer is waited for while the other parts open.
  const claimed = claim.ask();
  claimed.catch(() => undefined);
  const analytics = keep(await openMessageCounts(series));
  const feeding = keep(await openFeeding(options, { store, bus, analytics, tls: tls.nats }));
  const redis = { url: config.redisUrl, setting: 'KONFERENCO_REDIS_URL', tls: tls.redis, ...common };
  const link = config.redisUrl === '' ? null : keep(await openRedis(redis));
  await claimed;
  const alone = { decisions: 0 };
  const parts = () => [postgresPart(store), natsPart(bus), ...(link ? [redisPart(link)] : [])];
  return {
    ...truth,
    bus,
    shared: { changes: store, ...(link && sharedIn(link, name, () => alone.decisions++)) },
    parts,
    streams: feeding.view,
    analytics,
    begin: (needs) => feeding.begin(needs),
    register(registry) {
      registerParts(registry, parts);
      registerBus(registry, bus);
      feeding.register(registry);
      if (link) registerRedis(registry, link, () => alone.decisions);
    },
  };
}

/** One node on PostgreSQL. */
function onItsOwn(
  store: PostgresStore,
): Pick<Backends, 'shared' | 'parts' | 'streams' | 'analytics' | 'begin' | 'register'> {
  const parts = () => [postgresPart(store)];
  return {
    shared: {},
    parts,
    streams: null,
    analytics: null,
    begin() {},
    register: (registry) => registerParts(registry, parts),
  };
}

/** @param onAlone told of each message and request for whose rate this node decides alone */
function sharedIn(link: RedisLink, node: string, onAlone: () => void): Shared {
  const local = new SenderLimits(() => systemClock.now());
  return {
    presence: createRedisDirectory({ link, node }),
    rates: createRedisRates({ link, local, clock: systemClock, onAlone }),
    requestRates: createRedisRequestRates({ link, clock: systemClock, onAlone }),
    singleUse: createRedisSingleUse({ link, clock: systemClock }),
  };
}

function postgresPart(store: PostgresStore): PartReport {
  const { ok, damage, warnings = [] } = store.health();
  return { name: 'postgres', state: ok ? 'working' : 'away', detail: [...damage, ...warnings].join('; ') };
}

function natsPart(bus: NatsBus): PartReport {
  const { connected, server, rtt_ms } = bus.describe();
  return { name: 'nats', state: connected ? 'working' : 'away', detail: roundTrip(server, rtt_ms) };
}

function redisPart(link: RedisLink): PartReport {
  const { connected, rtt_ms } = link.stats();
  return { name: 'redis', state: connected ? 'working' : 'away', detail: roundTrip('', rtt_ms) };
}

function roundTrip(where: string, ms: number | null): string {
  return [where, ...(ms === null ? [] : [`${ms.toFixed(1)} ms`])].filter((text) => text !== '').join(', ');
}

function registerParts(registry: Registry, parts: () => readonly PartReport[]): void {
  const up = {
    name: 'konferenco_part_up',
    help: 'Whether a part outside the node (PostgreSQL, NATS, Redis) can be used: 1 or 0.',
    label: 'part',
  };
  gauge(registry, up, () => Object.fromEntries(parts().map(({ name, state }) => [name, state === 'working' ? 1 : 0])));
}

function registerBus(registry: Registry, bus: NatsBus): void {
  const records = {
    name: 'konferenco_bus_records_total',
    help: 'Records on the bus: in from other nodes, out to them, dropped while NATS was away, or of a form or kind unknown here.',
    label: 'what',
  };
  counter(registry, records, () => {
    const { records_in, records_out, dropped, malformed, unknown } = bus.describe();
    return { in: records_in, out: records_out, dropped, malformed, unknown };
  });
  const reconnects = { name: 'konferenco_bus_reconnects_total', help: 'Times the bus came back after it was away.' };
  counter(registry, reconnects, () => ({ '': bus.describe().reconnects }));
}

function registerRedis(registry: Registry, link: RedisLink, alone: () => number): void {
  const commands = {
    name: 'konferenco_redis_commands_total',
    help: 'Commands to Redis, and those that were not answered or not even sent.',
    label: 'what',
  };
  counter(registry, commands, () => {
    const { commands: all, failures } = link.stats();
    return { all, failed: failures };
  });
  const decided = {
    name: 'konferenco_rates_alone_total',
    help: 'Messages and requests for whose rate this node decided alone, because Redis was away.',
  };
  counter(registry, decided, () => ({ '': alone() }));
}
