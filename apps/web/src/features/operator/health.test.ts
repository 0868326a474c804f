import { expect, test } from 'bun:test';
import type { KnownSystem, OperatedEvent } from '@konferenco/client/operator';
import { en } from '../../i18n/en.ts';
import { createLocale } from '../../i18n/locale.ts';
import { healthOf } from './health.ts';
import { wordsOf } from './words.ts';

const locale = createLocale('en', en, 'UTC');
const AT = Date.UTC(2026, 10, 19, 8, 30);
const node = (name: string, standing: 'open' | 'draining' | 'suspected' = 'open') => ({
  ...{ name, standing, url: null, version: '1', started_at: 0, heard_at: AT, connections: 0, max_connections: 100 },
  ...{ users: 0, cpu: 0, memory: 0, memory_bytes: 0, p99_ms: null, publish_per_s: 0, deliver_per_s: 0 },
  ...{ commit_queue: 0, drops: 0, faults: 0 },
});
const own = { over_ms: 0, steps: [], drops: [], refusals: [], commit_queue: 0, index_lag: null, wal_bytes: null };
const health = (given: Partial<KnownSystem>) => {
  const system: KnownSystem = {
    ...{ node: 'a', at: AT, nodes: [node('a'), node('b')], parts: [{ name: 'nats', state: 'working', detail: '' }] },
    ...{ streams: { state: 'none' }, own, samples: [], revision: 1, events: [] },
    ...given,
  };
  return healthOf(system, { say: wordsOf(locale), clock: locale.clock }).words;
};
const event = (what: OperatedEvent['what'], subject: string, minutesAgo: number): OperatedEvent => ({
  ...{ id: minutesAgo, at: AT - minutesAgo * 60_000, what, subject },
});

test('all is well when every node is open and every part works', () => {
  expect(health({})).toEqual(['All 2 nodes are open, and everything they stand on works.']);
});

test('what is away is told with what it means, and who takes nobody in', () => {
  const away = { ...event('part_away', 'redis', 1), until: null, rung: 'each_for_itself' } as const;
  expect(
    health({
      nodes: [node('a', 'draining'), node('b', 'suspected')],
      parts: [{ name: 'redis', state: 'away', detail: '' }],
      events: [away],
    }),
  ).toEqual([
    'Redis is away. Presence goes from node to node; each node counts rates for itself.',
    'b is not heard of.',
    'a takes nobody in.',
  ]);
});

test('a node that was lost is told for a quarter of an hour, unless it came back, said goodbye, or nobody is heard', () => {
  const lost = [event('node_gone', 'c', 5)];
  expect(health({ events: lost })).toEqual(['c was lost at 08:25; the others take its people.']);
  expect(health({ events: [event('node_gone', 'c', 16)] })[0]).toStartWith('All 2');
  expect(health({ events: [event('node_left', 'c', 3), ...lost] })[0]).toStartWith('All 2');
  expect(health({ nodes: [node('a'), node('c')], events: lost })[0]).toStartWith('All 2');
  expect(health({ parts: [{ name: 'nats', state: 'away', detail: '' }], events: lost })).toEqual(['NATS is away.']);
});
