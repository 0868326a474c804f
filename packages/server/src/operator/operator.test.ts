import { beforeEach, describe, expect, test } from 'bun:test';
import { ObjectsUnavailableError } from '@konferenco/core';
import { createMemoryObjects } from '../adapters/memory/objects.ts';
import { HotHistogram } from '../observability/histogram.ts';
import type { Counts } from '../observability/metrics.ts';
import { Chronicle, MOST_EVENTS } from './chronicle.ts';
import { Figures, type Reading, SAMPLES } from './figures.ts';
import { watchObjects } from './objects-health.ts';
import { Ring } from './ring.ts';
import { type Observation, Watch } from './watch.ts';

let now = 1_000_000;
let chronicle: Chronicle;
beforeEach(() => {
  now = 1_000_000;
  chronicle = new Chronicle(() => now);
});

test('a ring keeps the newest, in their order', () => {
  const ring = new Ring<number>(3);
  expect([ring.values(), ring.last]).toEqual([[], undefined]);
  for (const value of [1, 2, 3, 4, 5]) ring.push(value);
  expect([ring.values(), ring.last]).toEqual([[3, 4, 5], 5]);
});

describe('the chronicle', () => {
  test('has the newest first, and no more than it has room for', () => {
    for (let i = 0; i <= MOST_EVENTS; i++) chronicle.note({ what: 'node_joined', subject: `node-${i}` });
    const events = chronicle.newestFirst();
    expect(events).toHaveLength(MOST_EVENTS);
    expect(events[0]?.subject).toBe(`node-${MOST_EVENTS}`);
  });

  test('says by its revision that something changed', () => {
    const revisions = new Set([chronicle.revision]);
    const end = chronicle.begin({ what: 'part_away', subject: 'nats', rung: 'nodes_apart' });
    revisions.add(chronicle.revision);
    end();
    revisions.add(chronicle.revision);
    chronicle.gather({ what: 'holes_repaired', subject: 'a' }, 1);
    revisions.add(chronicle.revision);
    chronicle.gather({ what: 'holes_repaired', subject: 'a' }, 1);
    revisions.add(chronicle.revision);
    expect(revisions.size).toBe(5);
  });

  test('gathers what goes on into one event, and begins another after a pause', () => {
    for (const ms of [0, 50_000, 50_000, 61_000]) {
      now += ms;
      chronicle.gather({ what: 'slow_resyncs', subject: 'a' }, 2);
    }
    expect(chronicle.newestFirst().map(({ count, at, until }) => [count, (until ?? 0) - at])).toEqual([
      [2, 0],
      [6, 100_000],
    ]);
  });
});

describe('the watch', () => {
  const calm: Observation = {
    parts: [
      { name: 'postgres', state: 'working' },
      { name: 'redis', state: 'working' },
    ],
    ...{ damage: [], holes: 0, slow: 0, leads: false },
  };
  let watch: Watch;
  beforeEach(() => {
    watch = new Watch(chronicle, 'node-1');
    watch.look(calm);
  });
  const away = (name: 'postgres' | 'redis'): Observation => ({
    ...calm,
    parts: calm.parts.map((part) => (part.name === name ? { name, state: 'away' } : part)),
  });

  test('writes nothing as long as nothing changes', () => {
    watch.look(calm);
    expect(chronicle.newestFirst()).toEqual([]);
  });

  // proves OP-6
  test('writes one event for an outage, with what is in force and how long it took', () => {
    watch.look(away('postgres'));
    now += 4_000;
    watch.look(away('postgres'));
    expect(chronicle.newestFirst()).toMatchObject([
      { what: 'part_away', subject: 'postgres', at: 1_000_000, until: null, rung: 'nothing_stored' },
    ]);
    now += 1_000;
    watch.look(calm);
    expect(chronicle.newestFirst()).toMatchObject([{ what: 'part_away', until: 1_005_000 }]);
    watch.look(away('redis'));
    expect(chronicle.newestFirst()[0]).toMatchObject({ subject: 'redis', until: null, rung: 'each_for_itself' });
  });

  test('writes what the system did by itself', () => {
    watch.look({ ...calm, holes: 3, slow: 2, leads: true, damage: ['log ch:a offset 7'] });
    watch.look({ ...calm, holes: 4, slow: 2, leads: false, damage: ['log ch:a offset 7'] });
    expect(chronicle.newestFirst().map(({ what, subject, count = null }) => [what, subject, count])).toEqual([
      ['relay_yield', 'node-1', null],
      ['relay_lead', 'node-1', null],
      ['slow_resyncs', 'node-1', 2],
      ['holes_repaired', 'node-1', 4],
      ['damage', 'log ch:a offset 7', null],
    ]);
  });
});

describe('figures', () => {
  const none: Counts = { drops: new Map(), refusals: new Map(), holes: 0 };
  const reading = (at: number, given: Partial<Reading> = {}): Reading => ({
    at,
    vitals: {
      ...{ connections: 5, users: 4, cpu: 0.1, memory_bytes: 1, memory: 0.2, p99_ms: null, publish_per_s: 2 },
      ...{ deliver_per_s: 20, commit_queue: 0, drops: 0, faults: 0 },
    },
    nodes: [],
    counts: none,
    ...given,
  });

  // proves OP-4
  test('reach back a quarter of an hour, and what is known already is not told again', () => {
    const figures = new Figures(new Map());
    for (let i = 1; i <= SAMPLES + 20; i++) figures.take(reading(i * 5_000));
    expect(figures.after(0)).toHaveLength(SAMPLES);
    expect(figures.after((SAMPLES + 18) * 5_000).map(({ at }) => at)).toEqual([
      (SAMPLES + 19) * 5_000,
      (SAMPLES + 20) * 5_000,
    ]);
  });

  test('add up what all nodes report', () => {
    const figures = new Figures(new Map());
    const node = { connections: 10, publish_per_s: 1.5, deliver_per_s: 3 };
    figures.take(reading(1, { nodes: [node, node] }));
    expect(figures.after(0)[0]?.all).toEqual({ nodes: 2, connections: 20, publish_per_s: 3, deliver_per_s: 6 });
  });

  // proves OP-3
  test('of the last minutes are what was added, and a step that did not happen has none', () => {
    const [commit, decode] = [new HotHistogram([0.01, 0.1]), new HotHistogram([0.01, 0.1])];
    const figures = new Figures(
      new Map([
        ['decode', decode],
        ['commit', commit],
      ]),
    );
    commit.observe(5);
    expect(figures.lately()).toEqual({ over_ms: 0, steps: [], drops: [], refusals: [] });
    figures.take(reading(1_000, { counts: { ...none, drops: new Map([['flood', 7]]) } }));
    for (let i = 0; i < 100; i++) commit.observe(0.005);
    const drops = new Map([
      ['flood', 8],
      ['slow_consumer', 3],
    ]);
    figures.take(reading(6_000, { counts: { ...none, drops } }));
    const { over_ms, steps, drops: dropped } = figures.lately();
    expect(over_ms).toBe(5_000);
    expect(steps.map(({ step, count, p50_ms }) => [step, count, p50_ms])).toEqual([['commit', 100, 5]]);
    expect(dropped).toEqual([
      { reason: 'slow_consumer', count: 3 },
      { reason: 'flood', count: 1 },
    ]);
  });
});

test('a storage for files is away from the call it did not answer until one that it did', async () => {
  const memory = createMemoryObjects({ now: () => 0, sign: () => '' });
  let isAway = false;
  const { objects, fault } = watchObjects(
    {
      ...memory,
      stat: async (key) => {
        if (isAway) throw new ObjectsUnavailableError('no route to host');
        return memory.stat(key);
      },
    },
    null,
  );
  isAway = true;
  await expect(objects.stat('a')).rejects.toThrow('no route');
  expect(fault()).toBe('no route to host');
  isAway = false;
  await objects.stat('a');
  expect(fault()).toBeNull();
});
