import { discuss, gather } from '../harness/crowd.ts';
import { type FleetStage, fleetEntrant, konferencoCluster, withSpent } from '../harness/fleet.ts';
import { assertNoneMissing, type Context, type Entrant, type Scenario, type Values } from '../harness/scenario.ts';

const FEW = 3;

/** What a message costs in processor time as nodes, channels and members grow, at one and the same rate. */
export const growth: Scenario = {
  name: 'growth',
  title: 'Processor time per message as nodes, channels and members grow (PostgreSQL and NATS)',
  params: {
    channels: { full: 64, quick: 6, about: 'channels of 3 and of 30 people' },
    many: { full: 1024, quick: 24, about: 'channels of 3 people, when there are many' },
    large: { full: 300, quick: 60, about: 'people in a large channel' },
    large_channels: { full: 16, quick: 2, about: 'large channels' },
    per_s: { full: 500, quick: 200, about: 'messages a second' },
    size: { full: 200, quick: 200, about: 'bytes of text' },
    ms: { full: 8000, quick: 500, about: 'length of each measurement' },
    settle_ms: { full: 2000, quick: 200, about: 'wait after people have come or gone' },
  },
  metrics: [
    { key: 'nodes_few', label: 'nodes per message, 64 channels of 3', unit: 'µs', better: 'less' },
    { key: 'nodes_thirty', label: 'nodes per message, 64 channels of 30', unit: 'µs', better: 'less' },
    { key: 'nodes_large', label: 'nodes per message, 16 channels of 300', unit: 'µs', better: 'less' },
    { key: 'nodes_many', label: 'nodes per message, 1,024 channels of 3', unit: 'µs', better: 'less' },
    { key: 'delivery', label: 'nodes per further delivery (from 3 to 300 members)', unit: 'µs', better: 'less' },
    { key: 'parts_few', label: 'PostgreSQL and NATS per message, 64 channels of 3', unit: 'µs', better: 'less' },
    { key: 'parts_thirty', label: 'PostgreSQL and NATS per message, 64 channels of 30', unit: 'µs', better: 'less' },
    { key: 'parts_large', label: 'PostgreSQL and NATS per message, 16 channels of 300', unit: 'µs', better: 'less' },
    { key: 'parts_many', label: 'PostgreSQL and NATS per message, 1,024 channels of 3', unit: 'µs', better: 'less' },
  ],
  entrants: [entrant(1, '1 node'), entrant(2, '2 nodes'), entrant(3, '3 nodes')],
};

function entrant(nodes: number, name: string): Entrant {
  return fleetEntrant(konferencoCluster(['postgres', 'nats'], name), () => ({ nodes, loads: 1 }), measure);
}

interface Shape {
  readonly channels: number;
  readonly members: number;
}

async function measure(stage: FleetStage, context: Context): Promise<Values> {
  const large = context.param('large');
  const shapes: Readonly<Record<string, Shape>> = {
    few: { channels: context.param('channels'), members: FEW },
    thirty: { channels: context.param('channels'), members: 10 * FEW },
    large: { channels: context.param('large_channels'), members: large },
    many: { channels: context.param('many'), members: FEW },
  };
  const values: Record<string, number> = {};
  // Code that is compiled on its way would count for the first shape alone.
  await costOf(stage, context, 'warm', { channels: context.param('channels'), members: FEW });
  for (const [name, shape] of Object.entries(shapes)) {
    const { nodes_us, parts_us } = await costOf(stage, context, name, shape);
    values[`nodes_${name}`] = nodes_us;
    values[`parts_${name}`] = parts_us;
  }
  const { nodes_large = Number.NaN, nodes_few = Number.NaN } = values;
  return { ...values, delivery: (nodes_large - nodes_few) / (large - FEW) };
}

async function costOf(
  stage: FleetStage,
  context: Context,
  group: string,
  { channels, members }: Shape,
): Promise<{ nodes_us: number; parts_us: number }> {
  const crowd = { group, wire: 'konferenco', people: channels * members, subscriptions: 1, members } as const;
  await gather(stage, crowd);
  await Bun.sleep(context.param('settle_ms'));
  const talk = (ms: number) =>
    discuss(stage, crowd, {
      messages_per_s: context.param('per_s'),
      presences_per_s: 0,
      ms,
      size: context.param('size'),
    });
  await talk(context.param('ms') / 3);
  const talked = await withSpent(stage, () => talk(context.param('ms')));
  assertNoneMissing(talked.missing, 'deliveries');
  for (const load of stage.loads) await load.ask('close', { group, farewell: 'clean' });
  return {
    nodes_us: (talked.nodes_cpu_s * 1e6) / talked.messages,
    parts_us: (talked.parts_cpu_s * 1e6) / talked.messages,
  };
}
