import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterTopology, runFaults } from '@konferenco/testkit/faults';
import { testWithSmallDisk } from '../system/support/small-disk.ts';

const SEED = 2482;
/** Faults that the run had to do without. */
let missing: readonly string[] = [];

test('three nodes keep every promise to thirty people while nodes, services, links and disks fail', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'konferenco-faults-'));
  const topology = await clusterTopology({ dir, seed: SEED, small_disks: true });
  missing = topology.missing;
  try {
    const { verdict, troubles, faults, worst_ms } = await runFaults({
      topology,
      seed: SEED,
      writers: 30,
      until: { steps: 5 },
      longest_ms: 1_200,
      pace_ms: 500,
      haste: 10,
      patience_ms: 20_000,
      history: join(dir, 'history.jsonl'),
      say: (line) => console.log(line),
    });
    console.log('faults:', Object.fromEntries(faults), 'worst ms:', Object.fromEntries(worst_ms), verdict.counts);
    expect(troubles).toEqual([]);
    expect(verdict.violations).toEqual([]);
    expect(verdict.counts.ok).toBeGreaterThan(200);
    expect(verdict.counts.changes).toBeGreaterThan(50);
    expect(verdict.counts.deliveries).toBeGreaterThan(1_000);
  } finally {
    await topology.close();
    rmSync(dir, { recursive: true, force: true });
  }
}, 300_000);

testWithSmallDisk('the run had disks that can be filled', async () => expect(missing).toEqual([]));
