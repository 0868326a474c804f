import { SenderLimits } from '@konferenco/core';
import { Gauge, type Registry } from 'prom-client';
import { openMessageCounts } from '../adapters/postgres-series/message-counts.ts';
import { openPostgresStore, type PostgresStore } from '../adapters/postgres/store.ts';
import { openNatsBus } from '../adapters/nats/bus.ts';
import { createLocalBus } from '../adapters/embedded/bus.ts';
import { openRedis } from '../adapters/redis/open.ts';
import type { RedisLink } from '../adapters/redis/link.ts';
import { createRedisDirectory } from '../adapters/redis/presence-directory.ts';
import { createRedisRates } from '../adapters/redis/rates.ts';
import { createRedisSingleUse } from '../adapters/redis/single-use.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import type { BackendOptions, Backends, PartReport, Shared } from './backends.ts';
import { openFeeding } from './feeding.ts';

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
  const { config, name, log, onFault } = options;
  const common = { clock: systemClock, random: systemRandom };
  const store = keep(
    await openPostgresStore({
      url: config.postgresUrl,
      renewEpoch: config.restored === 'yes',
      onDamage: (damage) => log.error({ damage }, 'the store is damaged'),
      onFault,
    }),
  );
  const truth = { store, keys: store.keys };
  if (config.natsUrl === '') return { ...truth, ...alone(store), bus: keep(createLocalBus()) };
  const bus = keep(await openNatsBus({ url: config.natsUrl, name, onFault, ...common }));
  const analytics = keep(await openMessageCounts({ url: config.postgresUrl, now: () => systemClock.now() }));
  const feeding = keep(await openFeeding(options, { store, bus, analytics }));
  const link = config.redisUrl === '' ? null : keep(await openRedisLink(config.redisUrl, common));
  const parts = () => [postgresPart(store), natsPart(bus), ...(link ? [redisPart(link)] : [])];
  return {
    ...truth,
    bus,
    shared: link ? sharedIn(link, name) : {},
    parts,
    streams: feeding.view,
    analytics,
    begin: (needs) => feeding.begin(needs),
    register: (registry) => registerParts(registry, parts),
  };
}

/** One node on PostgreSQL. */
function alone(
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

function openRedisLink(
  url: string,
  common: { clock: typeof systemClock; random: typeof systemRandom },
): Promise<RedisLink> {
  return openRedis({ url, setting: 'KONFERENCO_REDIS_URL', ...common });
}

function sharedIn(link: RedisLink, node: string): Shared {
  return {
    presence: createRedisDirectory({ link, node }),
    rates: createRedisRates({
      link,
      local: new SenderLimits(() => systemClock.now()),
      clock: systemClock,
      onAlone: () => {},
    }),
    singleUse: createRedisSingleUse({ link, clock: systemClock }),
  };
}

function postgresPart(store: PostgresStore): PartReport {
  const { ok, damage, warnings = [] } = store.health();
  return { name: 'postgres', state: ok ? 'working' : 'away', detail: [...damage, ...warnings].join('; ') };
}

function natsPart(bus: Awaited<ReturnType<typeof openNatsBus>>): PartReport {
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
  new Gauge({
    name: 'konferenco_part_up',
    help: 'Whether a part outside the node (PostgreSQL, NATS, Redis) can be used: 1 or 0.',
    labelNames: ['part'],
    registers: [registry],
    collect() {
      for (const { name, state } of parts()) this.set({ part: name }, state === 'working' ? 1 : 0);
    },
  });
}
