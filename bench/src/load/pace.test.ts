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
