import { expect } from 'bun:test';
import { simulate } from './simulate.ts';
import type { SetUp } from './world.ts';

/**
 * A seed that failed before a fault was mended, and the fault. A change to what people do or to how the network breaks
 * gives a seed another run: then undo the mend, find a seed that fails again, and put it here.
 */
export interface Regression {
  readonly seed: number;
  readonly why: string;
}

/**
 * Seeds of a run when the environment does not say: enough that a change which breaks a promise shows itself. What is rare is
 * looked for by running thousands, and stays found by the seed it is written down with.
 */
const SEEDS = 60;

/** The seeds to run: the one of `KONFERENCO_SIM_SEED`, or the first `KONFERENCO_SIM_SEEDS`. */
export function seedsToRun(): readonly number[] {
  const { KONFERENCO_SIM_SEED: one, KONFERENCO_SIM_SEEDS: many } = process.env;
  if (one !== undefined) return [Number(one)];
  return Array.from({ length: Number(many ?? SEEDS) }, (_, index) => index + 1);
}

/** Runs a seed. Fails with what was broken and the end of what led to it; with `KONFERENCO_SIM_STORY` set, with more of it. */
export async function expectUnbroken(seed: number, setUp: SetUp): Promise<void> {
  const { broken, story } = await simulate(seed, setUp);
  if (broken.length === 0) return;
  const told = process.env['KONFERENCO_SIM_STORY'] ? story : story.slice(-60);
  const findings = broken.map((what) => `  ✗ ${what}`);
  throw new Error([`seed ${seed} of the set-up "${setUp}":`, ...findings, ...told].join('\n'));
}

/** Runs a seed twice; everything that happens is the same. */
export async function expectRepeatable(seed: number, setUp: SetUp): Promise<void> {
  const [first, second] = [await simulate(seed, setUp), await simulate(seed, setUp)];
  expect(first.stored).toBeGreaterThan(20);
  expect(second.digest).toBe(first.digest);
}
