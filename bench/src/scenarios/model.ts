import { discuss, gather } from '../harness/crowd.ts';
import {
  type Fleet,
  type FleetStage,
  fleetEntrant,
  konferencoAlone,
  konferencoCluster,
  type Numbers,
  type Spent,
  socketIoAlone,
  socketIoRedis,
  withSpent,
} from '../harness/fleet.ts';
import { residentBytes } from '../harness/process.ts';
import type { Context, Entrant, Scenario, Values } from '../harness/scenario.ts';

/** Connections that one process bears within its limit of open files. */
const PER_PROCESS = 18_000;

/**
 * The source documents' model: a crowd in five channels each, ten people in every channel, 3,334 messages and 834 changes of
 * presence a second, so 33,340 deliveries; then three times as much. Everybody looks at the presence in one of their channels.
 *
 * The rates are those of 100,000 people however many are connected: fewer people talk more often. Servers and load share all cores.
 */
export function model(people: number, fullOnly: boolean): Scenario {
  const alone = people <= PER_PROCESS ? [entrant(konferencoAlone('konferenco, 1 process'), true)] : [];
  const othersAlone = people <= PER_PROCESS ? [entrant(socketIoAlone, true)] : [];
  return {
    name: `model-${people}`,
    title: `The documents' model with ${people.toLocaleString('en')} connections: 37,508 messages/s, then three times that`,
    fullOnly,
    params: {
      people: { full: people, quick: 300, about: 'connections, each a person in 5 channels; a multiple of 10' },
      nodes: { full: Math.max(3, Math.ceil(people / PER_PROCESS)), quick: 3, about: 'processes of a cluster' },
      per_load: { full: PER_PROCESS, quick: 100, about: 'of the people in each load process' },
      messages_per_s: { full: 3334, quick: 200, about: 'messages published a second, each to 10 people' },
      presences_per_s: { full: 834, quick: 50, about: 'changes of status a second, each told to 10 people' },
      burst: { full: 3, quick: 3, about: 'factor of both rates in the second half' },
      size: { full: 200, quick: 200, about: 'bytes of text' },
      ms: { full: 15_000, quick: 500, about: 'length of each half' },
      settle_ms: { full: 5000, quick: 200, about: 'wait after everybody has come' },
    },
    metrics: [
      { key: 'p50', label: 'delivery, p50', unit: 'ms', better: 'less' },
      { key: 'p99', label: 'delivery, p99', unit: 'ms', better: 'less', goal: '< 100 ms' },
      { key: 'per_s', label: 'deliveries/s', unit: '/s', better: 'neither' },
      {
        key: 'missing',
        label: 'deliveries not made 15 s after the last message',
        unit: '',
        better: 'neither',
        goal: '0',
      },
      { key: 'told', label: 'frames about presence/s', unit: '/s', better: 'neither' },
      { key: 'nodes_busy', label: 'nodes busy', unit: 'cores', better: 'less' },
      { key: 'parts_busy', label: 'PostgreSQL, NATS and Redis busy', unit: 'cores', better: 'less' },
      { key: 'load_busy', label: 'load generators busy', unit: 'cores', better: 'neither' },
      { key: 'burst_p50', label: 'at three times, delivery, p50', unit: 'ms', better: 'less' },
      { key: 'burst_p99', label: 'at three times, delivery, p99', unit: 'ms', better: 'less', goal: '< 1,000 ms' },
      { key: 'burst_per_s', label: 'at three times, deliveries/s', unit: '/s', better: 'neither' },
      { key: 'burst_missing', label: 'at three times, deliveries not made', unit: '', better: 'neither', goal: '0' },
      { key: 'burst_nodes_busy', label: 'at three times, nodes busy', unit: 'cores', better: 'less' },
      { key: 'connect_per_s', label: 'connections/s while everybody came', unit: '/s', better: 'more' },
      { key: 'resident', label: 'resident memory of all nodes', unit: 'MiB', better: 'less' },
    ],
    entrants: [
      entrant(konferencoCluster(['postgres', 'nats', 'redis'], 'konferenco, cluster')),
      ...alone,
      entrant(socketIoRedis),
      ...othersAlone,
    ],
  };
}

function entrant(fleet: Fleet, alone = false): Entrant {
  const numbers = (context: Context): Numbers => ({
    nodes: alone ? 1 : context.param('nodes'),
    loads: Math.ceil(context.param('people') / context.param('per_load')),
  });
  return fleetEntrant({ ...fleet, isFree: true }, numbers, (stage, context) => measure(fleet, stage, context));
}

async function measure({ wire }: Fleet, stage: FleetStage, context: Context): Promise<Values> {
  const people = context.param('people');
  const crowd = { group: 'crowd', wire, people, subscriptions: 5, members: 10 };
  const gathered = await gather(stage, crowd);
  await Bun.sleep(context.param('settle_ms'));
  const ms = context.param('ms');
  const talk = (factor: number) =>
    withSpent(stage, () =>
      discuss(stage, crowd, {
        messages_per_s: context.param('messages_per_s') * factor,
        presences_per_s: context.param('presences_per_s') * factor,
        ms,
        size: context.param('size'),
      }),
    );
  await talk(1 / 3);
  const normal = await talk(1);
  const burst = await talk(context.param('burst'));
  const counters = await Promise.all(stage.loads.map((load) => load.ask('counters', { group: 'crowd' })));
  const dropped = counters.reduce((sum, one) => sum + one.dropped, 0);
  if (dropped > 0) throw new Error(`${dropped} connections were dropped`);
  return {
    p50: normal.latency.p50,
    p99: normal.latency.p99,
    per_s: normal.deliveries / normal.seconds,
    missing: normal.missing,
    told: normal.presences / normal.seconds,
    ...busy(normal),
    burst_p50: burst.latency.p50,
    burst_p99: burst.latency.p99,
    burst_per_s: burst.deliveries / burst.seconds,
    burst_missing: burst.missing,
    burst_nodes_busy: burst.nodes_cpu_s / burst.seconds,
    connect_per_s: (people * 1000) / gathered.ms,
    resident: stage.nodes.reduce((sum, { pid }) => sum + residentBytes(pid), 0) / 2 ** 20,
  };
}

function busy({ seconds, nodes_cpu_s, parts_cpu_s, loads_cpu_s }: Spent): Values {
  return {
    nodes_busy: nodes_cpu_s / seconds,
    parts_busy: parts_cpu_s / seconds,
    load_busy: loads_cpu_s / seconds,
  };
}
