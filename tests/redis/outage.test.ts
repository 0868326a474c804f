import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Rates, SenderLimits } from '@konferenco/core';
import { TAXONOMY } from '@konferenco/protocol';
import { createMemoryStore } from '@konferenco/server';
import { SeededRandom, SimulatedBus } from '@konferenco/testkit';
import { type RunningProgram, startRedis } from '@konferenco/testkit/servers';
import type { RedisLink } from '../../packages/server/src/adapters/redis/link.ts';
import { createRedisDirectory } from '../../packages/server/src/adapters/redis/presence-directory.ts';
import { createRedisRates } from '../../packages/server/src/adapters/redis/rates.ts';
import { createRedisSingleUse } from '../../packages/server/src/adapters/redis/single-use.ts';
import { systemClock, systemRandom } from '../../packages/server/src/runtime/system.ts';
import { PresenceNode } from '../simulation/presence-cluster.ts';
import { until } from '../system/support/until.ts';
import { connect } from './support.ts';

/** Longer than any of these takes on a busy machine. */
const PATIENCE_MS = 60_000;

let redis: RunningProgram;
let stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  redis = await startRedis();
}, PATIENCE_MS);
afterAll(() => redis.stop(), PATIENCE_MS);
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
}, PATIENCE_MS);

async function linked(): Promise<RedisLink> {
  const link = await connect(redis.url);
  stops.push(() => link.close());
  return link;
}

/** Two nodes on a bus that loses nothing, each with its own connection to Redis. */
async function startNodes() {
  const random = new SeededRandom(1);
  const bus = new SimulatedBus(systemClock, random, { delay_ms: [0, 2], lose: 0, double: 0 });
  const store = createMemoryStore({ now: () => systemClock.now() });
  const links = [await linked(), await linked()];
  const nodes = ['north', 'south'].map((name, index) => {
    const link = links[index];
    if (!link) throw new Error('each node has its link');
    const presence = createRedisDirectory({ link, node: name });
    const node = new PresenceNode({ name, bus, clock: systemClock, random, store, presence });
    stops.push(() => node.stop());
    return node;
  });
  const [north, south] = nodes;
  if (!north || !south) throw new Error('there are two nodes');
  const isHeld = async (user: string) => {
    const reader = createRedisDirectory({ link: links[1] as RedisLink, node: 'reader' });
    const held = await reader.leasesOf([user]).catch(() => []);
    return held.some(({ status }) => status !== 'offline');
  };
  return { north, south, links, isHeld };
}

const all = (links: readonly RedisLink[], connected: boolean) =>
  until(
    () => links.every((link) => link.available === connected),
    `all connections are ${connected ? 'there' : 'away'}`,
  );

describe('what people see of each other while Redis', () => {
  // proves PS-8, PS-10
  test(
    'is killed, and starts again empty',
    async () => {
      const { north, south, links, isHeld } = await startNodes();
      const mere = north.enter('mere').hear('hall');
      await until(() => isHeld('mere'), 'the lease is written');
      const hone = south.enter('hone').watch({ users: ['mere'], channels: ['hall'] });
      await until(() => hone.statuses.get('mere') === 'online' && hone.counts.get('hall') === 1, 'hone sees mere');

      await redis.kill();
      await all(links, false);
      mere.set('busy');
      await until(() => hone.statuses.get('mere') === 'busy', 'a change is seen without Redis');
      const rangi = south
        .enter('rangi')
        .hear('hall')
        .watch({ users: ['mere', 'hone'] });
      await until(() => rangi.statuses.get('mere') === 'busy', 'who begins to watch without Redis is told by the node');
      await until(() => hone.counts.get('hall') === 2, 'and counts go on');

      await redis.restart();
      await all(links, true);
      await until(() => isHeld('mere'), 'the lease is written again');
      mere.leave();
      await until(() => rangi.statuses.get('mere') === 'offline', 'a leave is seen');
      await until(async () => !(await isHeld('mere')), 'and written');
    },
    PATIENCE_MS,
  );

  test(
    'is paused, and goes on',
    async () => {
      const { north, south, links, isHeld } = await startNodes();
      const mere = north.enter('mere');
      await until(() => isHeld('mere'), 'the lease is written');
      redis.pause();
      const hone = south.enter('hone').watch({ users: ['mere'] });
      await until(() => hone.frames > 0, 'the first frame does not wait for Redis');
      mere.set('away');
      await until(() => hone.statuses.get('mere') === 'away', 'a change is seen while Redis says nothing');
      await all(links, false);
      redis.resume();
      await all(links, true);
      const rangi = south.enter('rangi').watch({ users: ['mere'] });
      await until(() => rangi.statuses.get('mere') === 'away', 'Redis knows what changed meanwhile');
    },
    PATIENCE_MS,
  );
});

// proves PS-14
test(
  'while Redis is away each node counts rates for itself, and says so; afterwards they count together again',
  async () => {
    let alone = 0;
    const links = [await linked(), await linked()];
    const [north, south] = links.map((link) => {
      const local = new SenderLimits(() => systemClock.now());
      return createRedisRates({ link, local, clock: systemClock, onAlone: () => alone++ });
    }) as [Rates, Rates];
    const rule = TAXONOMY.chat.channel_message;
    const take = async (node: Rates, user: string) => (await node.tryTake(user, rule, false)) === 0;
    const taken = async (user: string) => {
      let count = 0;
      for (let i = 0; i < 15; i++) {
        if (await take(north, user)) count++;
        if (await take(south, user)) count++;
      }
      return count;
    };
    expect([await taken('ana'), alone]).toEqual([10, 0]);
    // A paused server leaves its connections open: messages wait a moment, and are not refused.
    redis.pause();
    expect(await taken('ben')).toBe(20);
    expect(alone).toBeGreaterThan(0);
    redis.resume();
    await all(links, true);
    await redis.kill();
    await all(links, false);
    expect(north.tryTake('cyd', rule, false)).toBe(0);
    expect(await taken('dov')).toBe(20);
    await redis.restart();
    await all(links, true);
    let others = 0;
    const asks = (node: Rates) => node.tryTake(`other${others++}`, rule, false) instanceof Promise;
    await until(() => asks(north) && asks(south), 'both ask Redis again');
    const before = alone;
    expect([await taken('eli'), alone - before]).toEqual([10, 0]);
  },
  PATIENCE_MS,
);

// proves PS-15
test(
  'a ticket is used up on all nodes at once; while Redis is away that cannot be known',
  async () => {
    const links = [await linked(), await linked()];
    const [north, south] = links.map((link) => createRedisSingleUse({ link, clock: systemClock }));
    const claims = Array.from({ length: 50 }, (_, i) => (i % 2 ? north : south)?.claim('ticket:1', 30_000));
    expect((await Promise.all(claims)).filter((claim) => claim === 'first')).toHaveLength(1);
    redis.pause();
    expect(await north?.claim('ticket:2', 30_000)).toBe('unknown');
    redis.resume();
    await all(links, true);
    await until(
      async () => (await south?.claim(`ticket:${systemRandom.next()}`, 30_000)) === 'first',
      'it is known again',
    );
  },
  PATIENCE_MS,
);

test(
  'commands fail at once while it is away, none is kept for later, and the figures say how it is',
  async () => {
    const link = await linked();
    await until(() => link.stats().rtt_ms !== null, 'it is asked how long an answer takes');
    let returns = 0;
    link.onReturn(() => returns++);
    await redis.kill();
    await all([link], false);
    const failed = await Promise.allSettled(
      Array.from({ length: 1_000 }, () => link.run((one) => one.set('late', '1', 'PX', 60_000, 'NX'))),
    );
    expect(failed.every(({ status }) => status === 'rejected')).toBe(true);
    expect(link.stats()).toMatchObject({ connected: false, rtt_ms: null });
    expect(link.stats().failures).toBeGreaterThanOrEqual(1_000);
    await redis.restart();
    await all([link], true);
    expect(returns).toBeGreaterThan(0);
    expect(await link.run((one) => one.set('late', '1', 'PX', 60_000, 'NX'))).toBe('OK');
  },
  PATIENCE_MS,
);
