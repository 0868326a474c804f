import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runFaults, singleTopology } from '@konferenco/testkit/faults';
import { testWithSmallDisk } from '../system/support/small-disk.ts';

const SEED = 2;
/** Faults that the run had to do without. */
let missing: readonly string[] = [];

test('a node that is killed, paused, cut off and out of room keeps every promise to forty people', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'konferenco-faults-'));
  const topology = await singleTopology({ dir, seed: SEED });
  missing = topology.missing;
  try {
    const { verdict, troubles, faults, worst_ms } = await runFaults({
      topology,
      seed: SEED,
      writers: 40,
      until: { steps: 6 },
      longest_ms: 1_200,
      pace_ms: 400,
      haste: 10,
      patience_ms: 15_000,
      history: join(dir, 'history.jsonl'),
      say: (line) => console.log(line),
    });
    console.log('faults:', Object.fromEntries(faults), 'worst ms:', Object.fromEntries(worst_ms), verdict.counts);
    expect(troubles).toEqual([]);
    expect(verdict.violations).toEqual([]);
    expect(verdict.counts.ok).toBeGreaterThan(500);
    expect(verdict.counts.changes).toBeGreaterThan(100);
    expect(verdict.counts.deliveries).toBeGreaterThan(2_000);
  } finally {
    await topology.close();
    rmSync(dir, { recursive: true, force: true });
  }
}, 240_000);

testWithSmallDisk('the run had disks that can be filled', async () => expect(missing).toEqual([]));
