import { describe, test } from 'bun:test';
import { expectRepeatable, expectUnbroken, type Regression, seedsToRun } from './seeds.ts';

/** Far more than a run takes: a day for a hundred thousand seeds. */
const PATIENCE_MS = 86_400_000;

const REGRESSIONS: readonly Regression[] = [
  { seed: 1, why: 'a channel’s last message was missed on a node whose copy of it the bus had lost' },
  { seed: 8, why: 'a direct message was missed on a node whose copy of it the bus had lost' },
  { seed: 168, why: 'a mention in a channel that was about to be opened again was never told' },
  { seed: 103, why: 'a subscription granted after its connection had closed was never ended' },
  { seed: 7, why: 'a mention hid what came before it from a device that had opened the channel without a network' },
  { seed: 544, why: 'what lay between the answers to two that subscribed at once reached only one of them' },
];

// proves DL-4, DL-10, DL-12, DL-14, DL-17, CL-2, CL-3, CL-9, CL-12, CL-17, GW-17
describe('nodes that share a store, on a bus that loses, doubles and reorders', () => {
  test.each([...REGRESSIONS])('seed $seed: $why', ({ seed }) => expectUnbroken(seed, 'cluster'));

  test('a seed gives the same run twice', async () => {
    for (const seed of [3, 4]) await expectRepeatable(seed, 'cluster');
  });

  test(
    `${seedsToRun().length} seeds: nothing is lost, doubled, invented or out of order, and everybody sees the same`,
    async () => {
      for (const seed of seedsToRun()) await expectUnbroken(seed, 'cluster');
    },
    PATIENCE_MS,
  );
});
