import { expect } from 'bun:test';
import { simulate } from './simulate.ts';
import type { SetUp } from './world.ts';

/** A seed that once failed, and why; run every time. */
export interface Regression {
  readonly seed: number;
  readonly why: string;
}

/** Seeds a run takes unless `KONFERENCO_SIM_SEEDS` says how many. */
const SEEDS = 120;

/** How many seeds to run. */
export function seedsWanted(): number {
  const wanted = process.env['KONFERENCO_SIM_SEEDS'];
  return wanted === undefined ? SEEDS : Number(wanted);
}

/** Runs a seed. Fails with what was broken and what led to it; `KONFERENCO_SIM_STORY=1` tells all of that. */
export async function expectUnbroken(seed: number, setUp: SetUp): Promise<void> {
  const { broken, story } = await simulate(seed, setUp);
  if (broken.length === 0) return;
  const told = process.env['KONFERENCO_SIM_STORY'] ? story : story.slice(-60);
  throw new Error([`seed ${seed} of the set-up "${setUp}":`, ...broken.map((what) => `  ✗ ${what}`), ...told].join('\n'));
}

/** Runs a seed twice; everything that happens is the same. */
export async function expectRepeatable(seed: number, setUp: SetUp): Promise<void> {
  const [first, second] = [await simulate(seed, setUp), await simulate(seed, setUp)];
  expect(first.stored).toBeGreaterThan(20);
  expect(second.digest).toBe(first.digest);
  expect(second.story).toEqual(first.story);
}
