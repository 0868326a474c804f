import { expect, test } from 'bun:test';
import { parse } from 'yaml';
import { scaledObject } from './scaled-object.ts';

test('each window becomes a cron trigger in the zone of the venue, beside the shipped ones', () => {
  const from = Date.UTC(2027, 1, 28, 20, 45);
  const text = scaledObject([{ from, until: from + 75 * 60_000, nodes: 25 }], {
    timeZone: 'Pacific/Auckland',
    least: 3,
    most: 40,
  });
  const { spec } = parse(text);
  expect(spec.triggers.map(({ type }: { type: string }) => type)).toEqual([
    'prometheus',
    'prometheus',
    'cpu',
    'memory',
    'cron',
  ]);
  expect(spec.triggers.at(-1).metadata).toEqual({
    timezone: 'Pacific/Auckland',
    start: '45 9 1 3 *',
    end: '0 11 1 3 *',
    desiredReplicas: '25',
  });
  expect([spec.minReplicaCount, spec.maxReplicaCount]).toEqual([3, 40]);
});
