import { beforeEach, describe, expect, test } from 'bun:test';
import type { NodeReport } from './node-report.ts';
import { MOST_NODES, NODE_TIMES, NodeTable } from './node-table.ts';

const SELF = { name: 'self', started_at: 1_000 };
let table: NodeTable;
let now: number;
beforeEach(() => {
  table = new NodeTable(SELF);
  now = 100_000;
  table.tick(now);
});

function report(given: Partial<NodeReport> = {}): NodeReport {
  return {
    ...{ name: 'other', url: null, version: '1', started_at: 5_000, seq: 1, phase: 'open', max_connections: 100 },
    ...{ connections: 0, users: 0, cpu: 0, memory_bytes: 0, memory: 0, p99_ms: null, publish_per_s: 0 },
    ...{ deliver_per_s: 0, commit_queue: 0, drops: 0, faults: 0 },
    ...given,
  };
}

const hear = (given?: Partial<NodeReport>) => table.hear(report(given), now).map(({ kind }) => kind);
const standings = () => Object.fromEntries(table.nodes().map((node) => [node.report.name, node.standing]));
/** Seconds go by in which the table ticks as it should. */
function pass(seconds: number) {
  const events: string[] = [];
  for (let i = 0; i < seconds; i++) {
    now += 1_000;
    events.push(...table.tick(now).map(({ kind, node }) => `${node} ${kind}`));
  }
  return events;
}

// proves CN-2
test('a node not heard of for 3 s is suspected, after 10 s it is gone, and it comes back by itself', () => {
  expect(hear()).toEqual(['joined']);
  expect(pass(2)).toEqual([]);
  expect(pass(1)).toEqual(['other suspected']);
  expect(standings()).toEqual({ other: 'suspected' });
  expect(hear({ seq: 2 })).toEqual(['returned']);
  expect(standings()).toEqual({ other: 'open' });
  expect(pass(10)).toEqual(['other suspected', 'other gone']);
  expect(table.nodes()).toEqual([]);
  expect(hear({ seq: 3 })).toEqual(['joined']);
});

// proves CN-2
test('a node that was paused itself holds the silence against nobody', () => {
  hear();
  now += 60_000;
  expect(table.tick(now)).toEqual([]);
  expect(standings()).toEqual({ other: 'open' });
  expect(pass(3)).toEqual(['other suspected']);
});

test('a clock that was set back delays nothing', () => {
  hear();
  now -= 3_600_000;
  expect(table.tick(now)).toEqual([]);
  expect(pass(10)).toEqual(['other suspected', 'other gone']);
});

// proves CN-3
describe('a report', () => {
  test('that comes late changes nothing', () => {
    hear({ seq: 7, phase: 'draining' });
    expect(hear({ seq: 6, phase: 'open' })).toEqual([]);
    expect(standings()).toEqual({ other: 'draining' });
    expect(hear({ seq: 8, phase: 'open' })).toEqual(['opened']);
    expect(hear({ seq: 9, phase: 'draining' })).toEqual(['draining']);
  });

  test('of a restarted node counts from the beginning, and ends the one before', () => {
    hear({ seq: 900 });
    expect(hear({ seq: 1, started_at: 6_000 })).toEqual(['restarted']);
    expect(hear({ seq: 901 })).toEqual([]);
    expect(table.nodes()[0]?.report.started_at).toBe(6_000);
  });

  test('that says farewell is the last, and a restart after it is heard', () => {
    hear({ seq: 4 });
    expect(hear({ seq: 6, phase: 'left' })).toEqual(['left']);
    expect(hear({ seq: 5 })).toEqual([]);
    expect(table.nodes()).toEqual([]);
    expect(hear({ seq: 1, started_at: 6_000 })).toEqual(['joined']);
  });

  test('of a phase that is not known yet counts as one without room', () => {
    hear({ phase: 'resting' as NodeReport['phase'] });
    expect(standings()).toEqual({ other: 'draining' });
  });

  test('that is none is ignored', () => {
    const bad = [
      null,
      'x',
      {},
      { ...report(), connections: Number.NaN },
      { ...report(), name: 'x'.repeat(65) },
      { ...report(), url: 'https://a.test; script-src *' },
    ];
    for (const one of bad) expect(table.hear(one, now)).toEqual([]);
    expect(table.nodes()).toEqual([]);
  });
});

test("another node of one's own name is told once, what one was before a restart is not", () => {
  expect(hear({ ...SELF })).toEqual(['joined']);
  expect(hear({ name: 'self', started_at: SELF.started_at - 1 })).toEqual([]);
  expect(hear({ name: 'self', started_at: SELF.started_at + 1 })).toEqual(['namesake']);
  expect(hear({ name: 'self', started_at: SELF.started_at + 1, seq: 2 })).toEqual([]);
});

// proves CN-3
test('a full table takes nobody new until others are gone, and says so once', () => {
  for (let i = 0; i < MOST_NODES; i++) hear({ name: `node-${i}` });
  expect(hear({ name: 'late' })).toEqual(['unwanted']);
  expect(hear({ name: 'later' })).toEqual([]);
  expect(table.nodes()).toHaveLength(MOST_NODES);
  pass(NODE_TIMES.gone_ms / 1_000);
  expect(hear({ name: 'late' })).toEqual(['joined']);
});

// proves CN-12
test('in a partition each side keeps its own nodes, and both find together by themselves', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const sides = [new Set(['a', 'b']), new Set(['c', 'd', 'e'])];
  const tables = new Map(names.map((name) => [name, new NodeTable({ name, started_at: 1 })]));
  let seq = 0;
  const second = (isCut: boolean) => {
    now += 1_000;
    seq++;
    for (const [from] of tables) {
      for (const [to, at] of tables) {
        if (isCut && !sides.some((side) => side.has(from) && side.has(to))) continue;
        at.hear(report({ name: from, started_at: 1, seq }), now);
      }
    }
    for (const [, at] of tables) at.tick(now);
  };
  const seen = (name: string) =>
    tables
      .get(name)
      ?.nodes()
      .filter(({ standing }) => standing === 'open').length;
  second(false);
  for (let i = 0; i < 4; i++) second(true);
  expect(names.map(seen)).toEqual([2, 2, 3, 3, 3]);
  for (let i = 0; i < 10; i++) second(true);
  expect(
    tables
      .get('a')
      ?.nodes()
      .map(({ report: { name } }) => name),
  ).toEqual(['a', 'b']);
  second(false);
  expect(names.map(seen)).toEqual([5, 5, 5, 5, 5]);
});
