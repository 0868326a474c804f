import { expect, test } from 'bun:test';
import { channelLog, directLog } from '@konferenco/protocol';
import { World } from './world.ts';

/** Some have a store that can say what changed in it, the others one that cannot. */
const SEEDS = [1, 2, 3, 4];

/** A cluster whose bus loses everything, with `ana` on one node and `ben` on another. */
async function apart(seed: number) {
  const world = new World(seed, 'cluster');
  const [north, south] = world.nodes;
  if (!north || !south) throw new Error('a cluster has two nodes');
  world.setBusFaults({ delay_ms: [1, 20], lose: 1, double: 0 });
  const ana = world.createDevice('ana', 'ana-a', (url) => north.connect(url));
  const ben = world.createDevice('ben', 'ben-b', (url) => south.connect(url));
  world.devices.push(ana, ben);
  for (const device of [ana, ben]) device.connect();
  await world.clock.runUntil(() => ana.client.link.kind === 'online' && ben.client.link.kind === 'online');
  // What a node looks at first is everything.
  await world.clock.advance(3_000);
  const end = async () => {
    await Promise.all(world.nodes.map((node) => node.stop()));
    expect(world.broken).toEqual([]);
  };
  return { world, ana, ben, end };
}

// proves DL-13
test.each(SEEDS)(
  'the last message of a channel reaches the members on a node that its live copy never reached (seed %d)',
  async (seed) => {
    const { world, ana, ben, end } = await apart(seed);
    const hall = channelLog('hall');
    ben.open(hall, world.headOf);
    await world.clock.runUntil(() => ben.opened.get(hall)?.headAtOpen === 0);
    ana.send(hall);
    await world.clock.runUntil(() => ben.arrivals.has(hall), 5_000);
    expect(ben.arrivals.get(hall)).toEqual([{ offset: 1, text: 'ana-a#1' }]);
    await end();
  },
);

test.each(SEEDS)('so does a direct message that nothing comes after (seed %d)', async (seed) => {
  const { world, ana, ben, end } = await apart(seed);
  const pair = directLog('ana', 'ben');
  ana.send(pair);
  await world.clock.runUntil(() => ben.arrivals.has(pair), 5_000);
  expect(ben.arrivals.get(pair)).toEqual([{ offset: 1, text: 'ana-a#1' }]);
  await end();
});

// proves PS-1, PS-2
test('presence that the bus lost is repeated, and that of a node that died is forgotten', async () => {
  const { world, ana, ben, end } = await apart(1);
  ben.client.presence.watch({ users: ['ana'] });
  await world.clock.advance(5_000);
  expect(ben.client.presence.status('ana')).toBe('offline');
  world.setBusFaults({ delay_ms: [1, 20], lose: 0, double: 0 });
  await world.clock.runUntil(() => ben.client.presence.status('ana') === 'online', 30_000);
  ana.setNetwork(false);
  world.nodes[0]?.crash();
  await world.clock.runUntil(() => ben.client.presence.status('ana') === 'offline', 110_000);
  await end();
});
