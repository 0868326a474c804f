import { expect, test } from 'bun:test';
import { pace } from './pace.ts';

test('planned moments are even and none is left out, however late the sender is', async () => {
  const planned: number[] = [];
  const sent = await pace({ per_s: 1000, ms: 30 }, (at) => {
    planned.push(at);
    // The first send blocks for longer than the whole schedule lasts.
    if (planned.length === 1) while (performance.now() < at + 40);
  });
  expect(sent).toBe(30);
  const gaps = planned.slice(1).map((at, before) => at - (planned[before] ?? 0));
  for (const gap of gaps) expect(gap).toBeCloseTo(1);
});

test('with a beat it wakes no more often than that, and none is left out either', async () => {
  const planned: number[] = [];
  let turns = 0;
  let isAwake = false;
  const sent = await pace({ per_s: 1000, ms: 40, beat_ms: 10 }, (at) => {
    planned.push(at);
    if (!isAwake) turns++;
    isAwake = true;
    queueMicrotask(() => (isAwake = false));
  });
  expect([sent, planned.length]).toEqual([40, 40]);
  expect(turns).toBeLessThanOrEqual(40 / 10 + 2);
});
