import { beforeEach, expect, test } from 'bun:test';
import type { KnownNode, NodeReport, NodeStanding } from '@konferenco/core';
import { Places } from './places.ts';

let nodes: KnownNode[];
let places: Places;
beforeEach(() => {
  nodes = ['a', 'b', 'c'].map((name) => node(name));
  places = new Places(() => nodes);
});

function node(name: string, given: Partial<NodeReport> = {}, standing: NodeStanding = 'open'): KnownNode {
  const report: NodeReport = {
    ...{
      name,
      url: `https://${name}.test`,
      version: '1',
      started_at: 1,
      seq: 1,
      phase: 'open',
      max_connections: 1_000,
    },
    ...{ connections: 0, users: 0, cpu: 0, memory_bytes: 0, memory: 0, p99_ms: null, publish_per_s: 0 },
    ...{ deliver_per_s: 0, commit_queue: 0, drops: 0, faults: 0 },
    ...given,
  };
  return { report, standing, heard_at: 1 };
}

const change = (...changed: KnownNode[]) => {
  nodes = nodes.map((one) => changed.find(({ report }) => report.name === one.report.name) ?? one);
  places.changed();
};

// proves CN-9
test('who was sent to a node stays with it while it is open, has room and can be reached', () => {
  const { node: own = '' } = places.place({ user: 'mere' });
  const other = ['a', 'b', 'c'].find((name) => name !== own) ?? '';
  const stay = () => places.place({ user: 'mere', sticky: other });
  expect(stay()).toEqual({ node: other, url: `https://${other}.test`, isChoice: true, isSticky: true });
  expect(places.place({ user: 'mere', sticky: other, avoid: [other] }).node).toBe(own);
  for (const standing of ['draining', 'suspected'] as const) {
    change(node(other, {}, standing));
    expect(stay()).toMatchObject({ node: own, isSticky: false });
  }
  change(node(other, { connections: 1_000 }));
  expect(stay().node).toBe(own);
  change(node(other));
  expect(stay().node).toBe(other);
  expect(places.place({ user: 'mere', sticky: 'forged' }).node).toBe(own);
});

// proves CN-7
test('people sent since the last report count, until the next one tells', () => {
  const arrivals = () => [...Array(60).keys()].map((i) => places.place({ user: `user-${i}` }).node);
  const atA = () => arrivals().filter((name) => name === 'a').length;
  for (let i = 0; i < 150; i++) places.place({ user: `regular-${i}`, sticky: 'a' });
  // Somebody else's report.
  places.changed();
  expect(atA()).toBe(0);
  change(node('a', { seq: 2, connections: 10 }));
  expect(atA()).toBeGreaterThan(10);
});

test('addresses of single nodes are known, each once', () => {
  nodes = [node('a'), node('b', { url: null }), node('c', { url: 'https://a.test' })];
  places.changed();
  expect(places.origins).toEqual(['https://a.test']);
  expect(places.place({ user: 'mere', sticky: 'b' })).toMatchObject({ node: 'b', url: null });
});

test('without any node that takes people there is no advice', () => {
  nodes = [node('a', {}, 'draining')];
  places.changed();
  expect(places.place({ user: 'mere' })).toMatchObject({ node: null, url: null });
});
