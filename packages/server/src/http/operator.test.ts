import { beforeEach, describe, expect, test } from 'bun:test';
import type { KnownNode, NodeEvent } from '@konferenco/core';
import { ROUTES, type Route, type RouteName } from '@konferenco/protocol/schema';
import { SimulatedBus, SeededRandom, VirtualClock } from '@konferenco/testkit';
import { MAIN_EVENT } from '../accounts/bootstrap.ts';
import { EVENTS, MEMBERS, put, recordKey } from '../accounts/records.ts';
import type { Backends } from '../backends/backends.ts';
import { createCluster } from '../cluster/cluster.ts';
import { Metrics } from '../observability/metrics.ts';
import { OperatorConsole, type ConsoleDeps } from '../operator/console.ts';
import { createTestApi, type TestApi } from './test-api.ts';

const VITALS = {
  ...{ connections: 3, users: 2, cpu: 0.25, memory_bytes: 1_000, memory: 0.5, p99_ms: 7, publish_per_s: 2 },
  ...{ deliver_per_s: 20, commit_queue: 0, drops: 0, faults: 0 },
};

let clock: VirtualClock;
let metrics: Metrics;
let asked: (readonly [string, string | null])[];
let lines: unknown[];
let isAway: boolean;
let streams: Backends['streams'];

interface Made extends TestApi {
  readonly desk: OperatorConsole;
}

async function start(given: Partial<ConsoleDeps> & { readonly rateLimits?: boolean } = {}): Promise<Made> {
  const bus = new SimulatedBus(clock, new SeededRandom(1), { delay_ms: [1, 5], lose: 0, double: 0 });
  const cluster = createCluster({
    ...{
      start: { name: 'node-1', id: '1', at: 0 },
      url: null,
      version: '1.2.3',
      maxConnections: 100,
      report: async () => VITALS,
      clock,
    },
    bus: bus.connect('node-1'),
    door: { draining: false },
    gateway: { connections: 3, drain: async () => {} },
    onNamesake() {},
    onFault: (error) => {
      throw error;
    },
  });
  const desk = new OperatorConsole({
    cluster: {
      self: 'node-1',
      nodes: (): readonly KnownNode[] => cluster.nodes(),
      recentEvents: (): readonly NodeEvent[] => cluster.recentEvents(),
      ask: (node, reason) => void asked.push([node, reason]),
      get vitals() {
        return cluster.vitals;
      },
    },
    parts: () => [{ name: 'nats', state: isAway ? 'away' : 'working', detail: '' }],
    streams,
    analytics: null,
    health: () => ({ ok: true, damage: [], waiting: 4, wal_bytes: 5, index_lag: 6 }),
    metrics,
    clock,
    log: { warn: (...line: unknown[]) => void lines.push(line) } as unknown as ConsoleDeps['log'],
    onFault: (error) => {
      throw error;
    },
    ...given,
  });
  const api = await createTestApi({ demo: true, operator: desk, rateLimits: given.rateLimits ?? true });
  return { ...api, desk };
}

beforeEach(() => {
  clock = new VirtualClock();
  const zero = () => 0;
  metrics = new Metrics({
    ...{ connections: zero, users: zero, logs: zero, commitQueue: zero, walBytes: zero, indexLag: zero, damage: zero },
    streams: () => ({ sse: 0, poll: 0 }),
  });
  asked = [];
  lines = [];
  isAway = false;
  streams = null;
});

const OPERATED = Object.entries<Route>(ROUTES)
  .filter(([, { auth }]) => auth === 'operator')
  .map(([name]) => name as RouteName);
const node = { params: { node: 'node-1' } };

describe('the console', () => {
  // proves OP-1
  test('is for owners of the main event: moderators, speakers, attendees and strangers are refused on every route', async () => {
    const api = await start();
    expect(OPERATED.length).toBeGreaterThanOrEqual(4);
    for (const route of OPERATED) {
      for (const user of ['mira', 'sefa', 'ben', 'zed']) expect(await api.refusal(route, user, node)).toBe('forbidden');
      expect(await api.refusal(route, null, node)).toBe('unauthenticated');
      expect(await api.refusal(route, 'owen', node)).toBe('ok');
    }
    expect(asked).toHaveLength(2);
    expect((await api.call('me', 'owen')).operator).toBe(true);
    expect((await api.call('me', 'mira')).operator).toBeUndefined();
  });

  // proves OP-1
  test('of a system that is no demo belongs to owners of its main event, not of any', async () => {
    const api = await createTestApi();
    expect(await api.refusal('operator', 'owen')).toBe('forbidden');
    await api.store.commit([
      {
        changes: [
          put(EVENTS, MAIN_EVENT, { title: 'Main', time_zone: 'UTC', created_at: 0 }),
          put(MEMBERS, recordKey(MAIN_EVENT, 'ben'), { role: 'owner', joined_at: 0 }),
          put(MEMBERS, recordKey(MAIN_EVENT, 'mira'), { role: 'owner', joined_at: 0, banned: true }),
        ],
      },
    ]);
    expect(await api.refusal('operator', 'ben')).toBe('not_found');
    expect(await api.refusal('operator', 'mira')).toBe('forbidden');
  });

  // proves OP-2
  test('asks a node to drain and to open, writes who did it to the log and the events, and knows no other nodes', async () => {
    const api = await start();
    await api.call('drainNode', 'owen', node);
    await api.call('openNode', 'owen', node);
    expect(asked).toEqual([
      ['node-1', 'operator'],
      ['node-1', null],
    ]);
    expect(lines).toEqual([
      [{ node: 'node-1', operator: 'owen' }, 'an operator drains a node'],
      [{ node: 'node-1', operator: 'owen' }, 'an operator opens a node'],
    ]);
    const { events } = await api.call('operator', 'owen');
    expect(events?.slice(0, 2)).toMatchObject([
      { what: 'open_asked', subject: 'node-1', by: 'owen' },
      { what: 'drain_asked', subject: 'node-1', by: 'owen' },
    ]);
    expect(await api.refusal('drainNode', 'owen', { params: { node: 'node-9' } })).toBe('not_found');
    expect(asked).toHaveLength(2);
  });

  // proves OP-2
  test('takes ten wishes at once, then one in five seconds', async () => {
    const api = await start();
    for (let i = 0; i < 10; i++) expect(await api.refusal('openNode', 'owen', node)).toBe('ok');
    expect(await api.refusal('drainNode', 'owen', node)).toBe('rate_limited');
    expect(await api.refusal('operator', 'owen')).toBe('ok');
    expect(asked).toHaveLength(10);
  });
});

describe('what it shows', () => {
  // proves OP-3
  test('is how the node and its parts are doing, and null for what nobody knows', async () => {
    const api = await start();
    await clock.advance(2_000);
    const view = await api.call('operator', 'owen');
    expect(view).toMatchObject({
      node: 'node-1',
      nodes: [{ name: 'node-1', standing: 'open', max_connections: 100, connections: 3, p99_ms: 7, url: null }],
      parts: [{ name: 'nats', state: 'working' }],
      streams: { state: 'none' },
      own: { commit_queue: 4, wal_bytes: null, index_lag: null, steps: [] },
      events: [{ what: 'node_joined', subject: 'node-1' }],
    });
    expect(await api.call('operatorMessages', 'owen')).toEqual({ bucket_ms: 300_000, counts: null });
  });

  // proves OP-4
  test('has a past at once, of which a page fetches only what it does not know', async () => {
    const api = await start();
    await clock.advance(20_000);
    const first = await api.call('operator', 'owen');
    expect(first.samples).toHaveLength(4);
    expect(first.samples.at(-1)).toMatchObject({ connections: 3, all: { nodes: 1, connections: 3 } });
    const query = { after: String(first.samples.at(-1)?.at), revision: String(first.revision) };
    expect(await api.call('operator', 'owen', { query })).toMatchObject({ samples: [], events: null });
    await clock.advance(4_000);
    isAway = true;
    await clock.advance(1_000);
    const next = await api.call('operator', 'owen', { query });
    expect(next.samples).toHaveLength(1);
    expect(next.events?.[0]).toMatchObject({ what: 'part_away', subject: 'nats', until: null, rung: 'nodes_apart' });
  });

  test('counts refusals and drops by their reason', async () => {
    const api = await start();
    await clock.advance(1_000);
    metrics.refusals.inc({ error: 'rate_limited' }, 3);
    metrics.drops.inc({ reason: 'flood' });
    await clock.advance(6_000);
    const { own } = await api.call('operator', 'owen');
    expect(own.refusals).toEqual([{ reason: 'rate_limited', count: 3 }]);
    expect(own.drops).toEqual([{ reason: 'flood', count: 1 }]);
  });

  // proves OP-5
  test('of streams is asked once for all consoles, and streams that cannot be asked are said to be away', async () => {
    let calls = 0;
    streams = {
      async report() {
        calls++;
        if (isAway) throw new Error('away');
        const consumers = [{ name: 'analytics', pending: 2, ackPending: 1, redelivered: 0 }];
        return [{ name: 'CHAT', messages: 9, bytes: 100, consumers }];
      },
      deadLetters: async () => [{ group: 'analytics', stream: 'CHAT', sequence: 3, reason: 'unreadable', at: 5 }],
      lag_ms: () => 12,
    };
    const api = await start();
    const [one, other] = await Promise.all([api.call('operator', 'owen'), api.call('operator', 'owen')]);
    expect(calls).toBe(1);
    expect(one.streams).toMatchObject({
      state: 'working',
      relay_lag_ms: 12,
      streams: [{ name: 'CHAT', consumers: [{ pending: 2, unacknowledged: 1 }] }],
      dead: [{ sequence: 3, reason: 'unreadable' }],
    });
    expect(other.streams).toEqual(one.streams);
    isAway = true;
    await clock.advance(2_000);
    expect((await api.call('operator', 'owen')).streams).toEqual({ state: 'away' });
  });

  test('of messages over time is summed over events and streams', async () => {
    const row = (from: number, event: string, type: string, messages: number) =>
      ({ from, event, type, messages, stream: 'CHAT' }) as const;
    const analytics = {
      query: async () => [
        row(0, 'a', 'chat', 2),
        row(0, 'b', 'chat', 3),
        row(0, 'b', 'system', 1),
        row(9, 'a', 'chat', 4),
      ],
    };
    const api = await start({ analytics });
    expect((await api.call('operatorMessages', 'owen')).counts).toEqual([
      { from: 0, type: 'chat', messages: 5 },
      { from: 0, type: 'system', messages: 1 },
      { from: 9, type: 'chat', messages: 4 },
    ]);
  });
});
