import {
  type Fleet,
  type FleetStage,
  fleetEntrant,
  konferencoCluster,
  socketIoRedis,
  withSpent,
} from '../harness/fleet.ts';
import { assertNoneMissing, type Context, type Entrant, type Scenario, type Values } from '../harness/scenario.ts';

const CHANNEL = 'hall';
const SMALL_WINDOW = 8;
const LARGE_WINDOW = 64;

/** The members of one channel are spread over three nodes; somebody on the first of them speaks. */
export const clusterFanOut: Scenario = {
  name: 'cluster-fan-out',
  title: 'Fan-out over three nodes (ours stored in PostgreSQL before it is delivered)',
  params: {
    nodes: { full: 3, quick: 3, about: 'processes of the server' },
    members: { full: 9000, quick: 150, about: 'connections subscribed to the channel, as many on each node' },
    size: { full: 200, quick: 200, about: 'bytes of text in a publication' },
    ms: { full: 5000, quick: 300, about: 'length of each saturated measurement' },
    rounds: { full: 60, quick: 5, about: 'publications timed one at a time' },
    rounds_per_s: { full: 4, quick: 20, about: 'their rate' },
  },
  metrics: [
    {
      key: 'per_s_64',
      label: `deliveries/s, ${LARGE_WINDOW} publications under way`,
      unit: '/s',
      better: 'more',
      goal: '≥ 5 × Socket.IO',
    },
    { key: 'per_s_8', label: `deliveries/s, ${SMALL_WINDOW} publications under way`, unit: '/s', better: 'more' },
    { key: 'per_cpu_s', label: 'deliveries per second of processor time, nodes and parts', unit: '', better: 'more' },
    { key: 'bytes', label: 'bytes per delivery', unit: 'B', better: 'less' },
    { key: 'last_p50', label: 'one publication, last member reached, p50', unit: 'ms', better: 'less' },
    { key: 'last_p99', label: 'one publication, last member reached, p99', unit: 'ms', better: 'less' },
    { key: 'nodes_busy', label: 'nodes busy', unit: 'cores', better: 'neither' },
    { key: 'parts_busy', label: 'PostgreSQL, NATS and Redis busy', unit: 'cores', better: 'neither' },
    { key: 'load_busy', label: 'load generator busy', unit: 'cores', better: 'neither' },
  ],
  entrants: [
    entrant(konferencoCluster(['postgres', 'nats', 'redis'])),
    entrant(konferencoCluster(['postgres', 'nats'], 'konferenco, no Redis')),
    entrant(socketIoRedis),
  ],
};

function entrant(fleet: Fleet): Entrant {
  const numbers = (context: Context) => ({ nodes: context.param('nodes'), loads: 1 });
  return fleetEntrant(fleet, numbers, (stage, context) => measure(fleet, stage, context));
}

async function measure({ wire }: Fleet, stage: FleetStage, context: Context): Promise<Values> {
  const { addresses, loads } = stage;
  const [load] = loads;
  const [first] = addresses;
  if (!load || !first) throw new Error('nothing was started');
  const count = Math.floor(context.param('members') / addresses.length);
  for (const address of addresses) {
    const plan = { count, concurrency: 64, prefix: 'member' };
    const opened = await load.ask('open', { group: 'members', wire, address, channel: CHANNEL, plan });
    if (opened.failed > 0) throw new Error(`${opened.failed} connections failed: ${opened.reasons.join('; ')}`);
  }
  const speaking = { count: 1, concurrency: 1, prefix: 'publisher' };
  await load.ask('open', { group: 'publisher', wire, address: first, channel: null, plan: speaking });
  const who = { members: 'members', publisher: 'publisher' };
  const saturate = (window: number, ms: number) =>
    load.ask('saturateFanOut', { ...who, plan: { channel: CHANNEL, size: context.param('size'), window, ms } });
  await saturate(SMALL_WINDOW, context.param('ms') / 3);
  const small = await saturate(SMALL_WINDOW, context.param('ms'));
  const large = await withSpent(stage, () => saturate(LARGE_WINDOW, context.param('ms')));
  const [rounds, per_s] = [context.param('rounds'), context.param('rounds_per_s')];
  const timing = { channel: CHANNEL, size: context.param('size'), count: rounds, per_s };
  const timed = await load.ask('timeFanOut', { ...who, plan: timing });
  assertNoneMissing(small.missing + large.missing + timed.missing, 'deliveries');
  assertNoneMissing((await load.ask('counters', { group: 'members' })).miscounted, 'items in the count by scanning');
  return {
    per_s_64: large.per_s,
    per_s_8: small.per_s,
    per_cpu_s: large.deliveries / (large.nodes_cpu_s + large.parts_cpu_s),
    bytes: large.bytes_per_delivery,
    last_p50: timed.last.p50,
    last_p99: timed.last.p99,
    nodes_busy: large.nodes_cpu_s / large.seconds,
    parts_busy: large.parts_cpu_s / large.seconds,
    load_busy: large.loads_cpu_s / large.seconds,
  };
}
