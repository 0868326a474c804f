import { describe, test } from 'bun:test';
import { expectRepeatable, expectUnbroken, type Regression, seedsToRun } from './seeds.ts';

/** Far more than a run takes: a day for a hundred thousand seeds. */
const PATIENCE_MS = 86_400_000;

const REGRESSIONS: readonly Regression[] = [
  { seed: 1, why: 'a direct message was told by the inbox and again by its log' },
  {
    seed: 2,
    why: 'an entry that came before the older answer that begins following its log was missed until the next one',
  },
  {
    seed: 11,
    why: 'an edit erased with its message showed as a deleted message of its own to whoever read the log later',
  },
];

// proves DL-1, DL-4, DL-10, DL-17, CL-2, CL-3, CL-9, CL-12, CL-13, CL-17
describe('one node whose links are cut, which crashes, drains and comes back on the same disk', () => {
  test.each([...REGRESSIONS])('seed $seed: $why', ({ seed }) => expectUnbroken(seed, 'single'));

  test('a seed gives the same run twice', async () => {
    for (const seed of [3, 4]) await expectRepeatable(seed, 'single');
  });

  test(
    `${seedsToRun().length} seeds: nothing is lost, doubled, invented or out of order, and everybody sees the same`,
    async () => {
      for (const seed of seedsToRun()) await expectUnbroken(seed, 'single');
    },
    PATIENCE_MS,
  );
});
