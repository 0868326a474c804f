import { describe, test } from 'bun:test';
import { expectRepeatable, expectUnbroken, type Regression, seedsWanted } from './seeds.ts';

/** Far more than a run takes: a day for a hundred thousand seeds. */
const PATIENCE_MS = 86_400_000;

const REGRESSIONS: readonly Regression[] = [
  { seed: 9, why: 'a mention in a channel that was about to be opened again was never told' },
  { seed: 2, why: 'people stayed online on nodes that had not heard of their leaving' },
  { seed: 15, why: 'a direct message was told by the inbox and again by its log' },
];

describe('nodes that share a store, on a bus that loses, doubles and reorders', () => {
  test.each([...REGRESSIONS])('seed $seed: $why', ({ seed }) => expectUnbroken(seed, 'cluster'));

  test('a seed gives the same run twice', async () => {
    for (const seed of [3, 4]) await expectRepeatable(seed, 'cluster');
  });

  test(
    `${seedsWanted()} seeds: nothing is lost, doubled, invented or out of order, and everybody sees the same`,
    async () => {
      for (let seed = 1; seed <= seedsWanted(); seed++) await expectUnbroken(seed, 'cluster');
    },
    PATIENCE_MS,
  );
});
