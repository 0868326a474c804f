import { beforeEach, describe, expect, test } from 'bun:test';
import { NODE_TIMES, type NodeEvent, type NodeVitals } from '@konferenco/core';
import { SeededRandom, SimulatedBus, VirtualClock } from '@konferenco/testkit';
import { type Cluster, createCluster } from './cluster.ts';

const VITALS: NodeVitals = {
  ...{ connections: 0, users: 0, cpu: 0.25, memory_bytes: 1_000, memory: 0.5, p99_ms: 7, publish_per_s: 0 },
  ...{ deliver_per_s: 0, commit_queue: 0, drops: 0, faults: 0 },
};

let clock: VirtualClock;
let bus: SimulatedBus;
beforeEach(() => {
  clock = new VirtualClock();
  bus = new SimulatedBus(clock, new SeededRandom(1), { delay_ms: [1, 5], lose: 0, double: 0 });
});

interface Started {
  readonly cluster: Cluster;
  readonly door: { draining: boolean };
  readonly faults: unknown[];
  readonly told: NodeEvent[];
  /** What a drain asked for. */
  readonly asked: number[];
  /** `ends`: another node bears its name. */
  readonly state: { readonly ends: boolean };
  /** Dies without a word. */
  die(): void;
}

function start(
  name: string,
  given: { id?: string; url?: string | null; connections?: number; report?: () => Promise<NodeVitals> } = {},
): Started {
  const { id, url = null, connections = 0, report = async () => VITALS } = given;
  const own = bus.connect(id ?? name);
  const door = { draining: false };
  const faults: unknown[] = [];
  const told: NodeEvent[] = [];
  const asked: number[] = [];
  const state = { isAlive: true, ends: false };
  const gateway = {
    connections,
    async drain(within_ms: number) {
      asked.push(within_ms);
    },
  };
  const cluster = createCluster({
    ...{ start: { name, id: id ?? name, at: clock.now() }, url, version: '1.2.3', maxConnections: 1_000 },
    ...{ door, gateway, report },
    bus: { subscribe: own.subscribe, publish: (record) => (state.isAlive ? own.publish(record) : undefined) },
    clock,
    onEvent: (event) => told.push(event),
    onNamesake: () => {
      state.ends = true;
    },
    onFault: (fault) => faults.push(fault),
  });
  const die = () => {
    state.isAlive = false;
  };
  return { cluster, door, faults, told, asked, die, state };
}

const standings = ({ cluster }: Started) =>
  Object.fromEntries(cluster.nodes().map(({ report, standing }) => [report.name, standing]));

// proves CN-1
test('nodes tell each other every second how they are doing', async () => {
  const [a, b] = [start('a', { url: 'https://a.test', connections: 12 }), start('b')];
  await clock.advance(NODE_TIMES.report_ms * 2);
  expect(standings(b)).toEqual({ a: 'open', b: 'open' });
  const [told] = b.cluster.nodes();
  expect(told?.report).toMatchObject({
    ...VITALS,
    connections: 12,
    max_connections: 1_000,
    url: 'https://a.test',
    version: '1.2.3',
  });
  expect(b.cluster.recentEvents().map(({ kind, node }) => `${node} ${kind}`)).toEqual(['b joined', 'a joined']);
  expect(b.told).toEqual([...b.cluster.recentEvents()]);
  expect(a.cluster.self).toBe('a');
});

// proves CN-2
test('a node that died is answered to nobody 4 s later, and forgotten after 11', async () => {
  const [a, b] = [start('a'), start('b')];
  await clock.advance(2_000);
  a.die();
  await clock.advance(4_000);
  expect(standings(b)).toEqual({ a: 'suspected', b: 'open' });
  for (let i = 0; i < 50; i++) expect(b.cluster.place({ user: `user-${i}` }).node).toBe('b');
  await clock.advance(7_000);
  expect(standings(b)).toEqual({ b: 'open' });
});

test('a node that leaves drains, lets nobody change that, and says farewell', async () => {
  const [a, b] = [start('a'), start('b')];
  await clock.advance(2_000);
  const left = a.cluster.leave('the end', 5_000);
  await a.cluster.leave('again');
  expect([a.cluster.cancelDrain(), await a.cluster.drain('again'), a.door.draining]).toEqual([false, false, true]);
  await left;
  expect(a.asked).toEqual([5_000]);
  await clock.advance(10);
  expect(standings(b)).toEqual({ b: 'open' });
  expect(b.cluster.recentEvents().at(-1)).toMatchObject({ kind: 'left', node: 'a' });
});

// proves CN-11
describe('a drain', () => {
  test('is told to the others before anybody is asked to move, and people go elsewhere', async () => {
    const [a, b] = [start('a', { connections: 5 }), start('b')];
    await clock.advance(2_000);
    const drained = a.cluster.drain('upgrade', 9_000);
    expect(a.door.draining).toBe(true);
    expect(a.cluster.drainProgress).toMatchObject({ reason: 'upgrade', connections: 5, left: 5 });
    await clock.advance(10);
    expect(await drained).toBe(true);
    expect(a.asked).toEqual([9_000]);
    expect(standings(b)).toEqual({ a: 'draining', b: 'open' });
    for (const { cluster } of [a, b]) expect(cluster.place({ user: 'mere', sticky: 'a' }).node).toBe('b');
  });

  test('can be cancelled, which is told as well', async () => {
    const [a, b] = [start('a'), start('b')];
    await clock.advance(2_000);
    expect(a.cluster.cancelDrain()).toBe(false);
    await a.cluster.drain('upgrade');
    expect(a.cluster.cancelDrain()).toBe(true);
    expect([a.door.draining, a.cluster.drainProgress]).toEqual([false, null]);
    await clock.advance(10);
    expect(standings(b)).toEqual({ a: 'open', b: 'open' });
    expect(
      b.cluster
        .recentEvents()
        .map(({ kind }) => kind)
        .slice(-2),
    ).toEqual(['draining', 'opened']);
  });
});

// proves CN-11
test('any node can be asked to drain and to open again, and shows how far it is', async () => {
  const [a, b] = [start('a', { connections: 7 }), start('b')];
  await clock.advance(2_000);
  for (let i = 0; i < 2; i++) b.cluster.ask('a', 'new kernel');
  await clock.advance(1_100);
  expect(b.cluster.nodes()[0]).toMatchObject({
    standing: 'draining',
    report: { drain: { reason: 'new kernel', connections: 7, left: 7 } },
  });
  expect([a.asked.length, b.door.draining]).toEqual([1, false]);
  b.cluster.ask('a', null);
  await clock.advance(10);
  expect([a.door.draining, standings(b)]).toEqual([false, { a: 'open', b: 'open' }]);
  expect(b.cluster.nodes()[0]?.report.drain).toBeUndefined();
});

test('a node alone, or whose bus is away, is a cluster of one', () => {
  const { cluster } = start('a');
  expect(cluster.place({ user: 'mere' })).toEqual({ node: 'a', url: null, isChoice: false, isSticky: false });
});

test('figures that cannot be had are told to the operator, and the node goes on reporting', async () => {
  const a = start('a', { report: () => Promise.reject(new Error('no figures')) });
  const b = start('b');
  await clock.advance(5_000);
  expect(a.faults).toHaveLength(6);
  expect(standings(b)).toEqual({ a: 'open', b: 'open' });
});

test('what happened is kept in bounds', async () => {
  const a = start('a');
  await clock.advance(1_000);
  for (let i = 0; i < 200; i++) {
    a.cluster.drain('again');
    a.cluster.cancelDrain();
  }
  expect(a.cluster.recentEvents()).toHaveLength(256);
});

// proves CN-24
test('a node that comes under the name of another one, unheard, ends for it; and nobody ends alone', async () => {
  const first = start('a');
  await clock.advance(NODE_TIMES.gone_ms * 2);
  const second = start('a', { id: 'second' });
  await clock.advance(NODE_TIMES.report_ms * 3);
  expect([first.state.ends, second.state.ends]).toEqual([false, true]);
  expect(first.told.map(({ kind }) => kind)).toContain('namesake');
});
