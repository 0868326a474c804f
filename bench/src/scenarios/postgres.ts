import { resolve } from 'node:path';
import { startBacking } from '../harness/backing.ts';
import { type FleetStage, fleetEntrant, konferencoCluster, withSpent } from '../harness/fleet.ts';
import type { Load } from '../harness/load.ts';
import { familyCpuSeconds, pinned } from '../harness/process.ts';
import { assertNoneMissing, type Context, type Entrant, type Scenario, type Values } from '../harness/scenario.ts';
import type { Address } from '../load/connection.ts';

const BARE_INSERT = resolve(import.meta.dir, '../peers/bare-insert.ts');

/** The generator shares its core with PostgreSQL, so it sleeps between messages. */
const BEAT_MS = 1;

/** Durable publishes through the whole gateway on PostgreSQL, beside the multi-row insert alone. */
export const postgres: Scenario = {
  name: 'postgres',
  title: 'Durable publishes on PostgreSQL (synchronous_commit = on), one node',
  params: {
    publishers: { full: 64, quick: 16, about: 'connections that publish, each to a channel or person of its own' },
    window: { full: 8, quick: 8, about: 'unacknowledged publications of each' },
    size: { full: 200, quick: 200, about: 'bytes of text' },
    ms: { full: 5000, quick: 400, about: 'length of each measurement' },
  },
  metrics: [
    { key: 'per_s', label: 'messages/s committed', unit: '/s', better: 'more', goal: '≥ 0.7 × the bare insert' },
    { key: 'direct_per_s', label: 'direct messages/s committed, with both inboxes', unit: '/s', better: 'more' },
    { key: 'p50', label: 'until acknowledged, p50', unit: 'ms', better: 'less' },
    { key: 'p99', label: 'until acknowledged, p99', unit: 'ms', better: 'less' },
    { key: 'half_p50', label: 'until acknowledged at half of the rate, p50', unit: 'ms', better: 'less' },
    { key: 'half_p99', label: 'until acknowledged at half of the rate, p99', unit: 'ms', better: 'less' },
    { key: 'direct_half_p50', label: 'direct, until delivered at half of the rate, p50', unit: 'ms', better: 'less' },
    { key: 'direct_half_p99', label: 'direct, until delivered at half of the rate, p99', unit: 'ms', better: 'less' },
    { key: 'node_us', label: 'processor time of the node per message', unit: 'µs', better: 'less' },
    { key: 'postgres_us', label: 'processor time of PostgreSQL per message', unit: 'µs', better: 'less' },
    { key: 'direct_node_us', label: 'direct, the node per message', unit: 'µs', better: 'less' },
    { key: 'direct_postgres_us', label: 'direct, PostgreSQL per message', unit: 'µs', better: 'less' },
    { key: 'load_busy', label: 'load generator busy', unit: 'cores', better: 'neither' },
  ],
  entrants: [
    fleetEntrant(konferencoCluster(['postgres']), () => ({ nodes: 1, loads: 1 }), ours),
    { name: 'bare insert', measure: bare },
  ] satisfies Entrant[],
};

async function ours(stage: FleetStage, context: Context): Promise<Values> {
  const [load] = stage.loads;
  const [address] = stage.addresses;
  if (!load || !address) throw new Error('nothing was started');
  const channel = await inChannels(stage, { load, address }, context);
  return { ...channel, ...(await direct(stage, { load, address }, context)) };
}

interface Driven {
  readonly load: Load;
  readonly address: Address;
}

async function inChannels(stage: FleetStage, { load, address }: Driven, context: Context): Promise<Values> {
  const [count, size, ms] = [context.param('publishers'), context.param('size'), context.param('ms')];
  const channels = Array.from({ length: count }, (_, index) => `channel-${index}`);
  const plan = { count, concurrency: 16, prefix: 'publisher' };
  await load.ask('open', { group: 'publishers', wire: 'konferenco', address, channel: null, plan });
  const publish = (length: number) =>
    load.ask('saturatePublish', {
      publishers: 'publishers',
      plan: { channels, size, ms: length, window: context.param('window') },
    });
  await publish(ms / 3);
  const full = await withSpent(stage, () => publish(ms));
  const timing = { channels, size, ms, per_s: full.per_s / 2, beat_ms: BEAT_MS };
  const half = await load.ask('timePublish', { publishers: 'publishers', plan: timing });
  assertNoneMissing(full.missing + half.missing, 'acknowledgements');
  return {
    per_s: full.per_s,
    p50: full.latency.p50,
    p99: full.latency.p99,
    half_p50: half.latency.p50,
    half_p99: half.latency.p99,
    node_us: (full.nodes_cpu_s * 1e6) / full.acknowledged,
    postgres_us: (full.postgres_cpu_s * 1e6) / full.acknowledged,
    load_busy: full.loads_cpu_s / full.seconds,
  };
}

async function direct(stage: FleetStage, { load, address }: Driven, context: Context): Promise<Values> {
  const [count, size, ms] = [context.param('publishers'), context.param('size'), context.param('ms')];
  for (const group of ['senders', 'receivers']) {
    const plan = { count, concurrency: 16, prefix: group };
    await load.ask('open', { group, wire: 'konferenco', address, channel: null, plan });
  }
  const sides = { senders: 'senders', receivers: 'receivers' };
  const relay = (length: number) =>
    load.ask('saturateRelay', { ...sides, plan: { size, ms: length, window: context.param('window') } });
  await relay(ms / 3);
  const full = await withSpent(stage, () => relay(ms));
  const half = await load.ask('timeRelay', { ...sides, size, ms, per_s: full.per_s / 2, beat_ms: BEAT_MS });
  assertNoneMissing(full.missing + half.missing, 'messages');
  return {
    direct_per_s: full.per_s,
    direct_half_p50: half.latency.p50,
    direct_half_p99: half.latency.p99,
    direct_node_us: (full.nodes_cpu_s * 1e6) / full.messages,
    direct_postgres_us: (full.postgres_cpu_s * 1e6) / full.messages,
  };
}

/** As many rows in a transaction as ours has publications under way, on a server of its own. */
async function bare(context: Context): Promise<Values> {
  const backing = await startBacking(['postgres']);
  try {
    const channel = await insert(context, 'channel', backing.part('postgres'));
    const withPointers = await insert(context, 'direct', backing.part('postgres'));
    return {
      per_s: channel.per_s,
      postgres_us: channel.postgres_us,
      direct_per_s: withPointers.per_s,
      direct_postgres_us: withPointers.postgres_us,
    };
  } finally {
    await backing.stop();
  }
}

async function insert(
  context: Context,
  kind: 'channel' | 'direct',
  { url, pid }: { readonly url: string; readonly pid: number },
): Promise<{ per_s: number; postgres_us: number }> {
  const rows = context.param('publishers') * context.param('window');
  const args = [url, kind, rows, context.param('ms'), context.param('size')].map(String);
  const before = familyCpuSeconds(pid);
  const child = Bun.spawn(pinned('server', [process.execPath, BARE_INSERT, ...args]), {
    stdout: 'pipe',
    stderr: 'inherit',
    signal: context.signal,
  });
  const printed = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`the bare insert ended with ${child.exitCode ?? child.signalCode}`);
  const [per_s = Number.NaN, inserted = Number.NaN] = printed.split(' ').map(Number);
  return { per_s, postgres_us: ((familyCpuSeconds(pid) - before) * 1e6) / inserted };
}
