import { expect, test } from 'bun:test';
import { loadOf, PLANNED_NODE, PLANNED_USAGE } from './model.ts';

test("the plan's figures come out: 37,508 messages a second for 100,000 people on 25 nodes, three times that at a burst", () => {
  expect(loadOf(PLANNED_USAGE)).toEqual({
    messages_in: 3_334,
    deliveries: 33_340,
    presence: 834,
    total: 37_508,
    subscriptions: 500_000,
    nodes: 25,
    after_one_death: { connections: 4_167, fits: true },
    bytes_per_node: 16_384_000,
  });
  const burst = loadOf(PLANNED_USAGE, PLANNED_NODE, 3);
  expect([burst.messages_in, burst.deliveries, burst.presence]).toEqual([10_000, 100_000, 2_500]);
});

test('a single node has nobody to take over, and two at their limit cannot', () => {
  expect(loadOf({ ...PLANNED_USAGE, users: 50 }).after_one_death.fits).toBe(false);
  const full = { ...PLANNED_NODE, connections: 10_000 };
  expect(loadOf({ ...PLANNED_USAGE, users: 20_000 }, full).after_one_death).toEqual({
    connections: 20_000,
    fits: false,
  });
});
