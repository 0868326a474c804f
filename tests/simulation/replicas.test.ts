import { describe, expect, test } from 'bun:test';
import { runReplicas } from './replica-run.ts';
import type { Regression } from './seeds.ts';

/** Far more than a run takes: a day for a hundred thousand seeds. */
const PATIENCE_MS = 86_400_000;
/** Seeds of a run when the environment does not say. */
const SEEDS = 20;

const REGRESSIONS: readonly Regression[] = [
  { seed: 1, why: 'a device a year ahead gave up what it had written, as too old, when it started without a network' },
  { seed: 8, why: 'two devices of one person listed the clashes of a meeting in different orders' },
];

function seedsToRun(): readonly number[] {
  const { KONFERENCO_SIM_SEED: one, KONFERENCO_SIM_SEEDS: many } = process.env;
  if (one !== undefined) return [Number(one)];
  return Array.from({ length: Number(many ?? SEEDS) }, (_, index) => index + 1);
}

async function expectSame(seed: number): Promise<void> {
  const { broken, stored } = await runReplicas(seed);
  if (broken.length > 0) throw new Error([`seed ${seed}:`, ...broken.map((what) => `  ✗ ${what}`)].join('\n'));
  expect(stored).toBeGreaterThan(50);
}

// proves RP-1, RP-2, RP-3, RP-5, RP-7, RP-10
describe('twenty replicas whose links are cut, whose programs are killed, and one of whose clocks is a year ahead', () => {
  test.each([...REGRESSIONS])('seed $seed: $why', ({ seed }) => expectSame(seed));

  test('a seed gives the same run twice', async () => {
    const [first, second] = [await runReplicas(5), await runReplicas(5)];
    expect(second.digest).toBe(first.digest);
    expect(second.stored).toBe(first.stored);
  });

  test(
    `${seedsToRun().length} seeds: all end with the same bytes, nothing that was kept is lost, nothing happens twice`,
    async () => {
      for (const seed of seedsToRun()) await expectSame(seed);
    },
    PATIENCE_MS,
  );
});
