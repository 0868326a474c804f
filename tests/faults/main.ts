/**
 * `npm run test:faults`: has many people talk over a running system while a seeded schedule of faults goes on, records
 * everything, and judges the record. Ends with 1 when a promise was broken. See docs/guides/fault-tests.md.
 */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkHistory,
  clusterTopology,
  type FaultReport,
  readHistory,
  runFaults,
  singleTopology,
  type TopologyOptions,
  VIOLATIONS,
  type Verdict,
} from '@konferenco/testkit/faults';
import { type Options, parseOptions, USAGE, UsageError } from './options.ts';

const LONGEST_MS = 20_000;
/** A client that heard nothing comes back within a minute and a back-off of 20 s; the rest is for a busy machine. */
const PATIENCE_MS = 120_000;
/** Each writer does something this often for each writer there is, so that many do not say more together than few. */
const PACE_MS_A_WRITER = 25;
const PACE_LEAST_MS = 400;
const SHOWN = 20;

const TOPOLOGIES = {
  single: singleTopology,
  cluster: (options: TopologyOptions) => clusterTopology({ ...options, small_disks: true }),
};

async function main(interrupted: AbortSignal): Promise<number> {
  const options = parseOptions(process.argv.slice(2), () => Math.floor(Math.random() * 1_000_000));
  if (options.check !== null) return judged(await checkHistory(readHistory(options.check)));
  const { minutes, seed, topology: name, writers } = options;
  const dir = mkdtempSync(join(tmpdir(), `konferenco-faults-${name}-${seed}-`));
  console.log(`${name}, ${writers} writers, ${minutes} minutes, seed ${seed}; history and logs in ${dir}`);
  const topology = await TOPOLOGIES[name]({ dir, seed });
  try {
    for (const sentence of topology.missing) console.log(sentence);
    const report = await runFaults({
      topology,
      seed,
      writers,
      until: { ms: minutes * 60_000 },
      longest_ms: LONGEST_MS,
      pace_ms: Math.max(PACE_LEAST_MS, writers * PACE_MS_A_WRITER),
      haste: 1,
      patience_ms: PATIENCE_MS,
      history: join(dir, 'history.jsonl'),
      say: (line) => console.log(line),
      signal: interrupted,
    });
    return concluded(report, options, dir);
  } finally {
    await topology.close();
  }
}

function concluded(report: FaultReport, { topology, writers, seed, minutes }: Options, dir: string): number {
  console.log(`\nfaults: ${[...report.faults].map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
  console.log(`worst recovery: ${[...report.worst_ms].map(([kind, ms]) => `${kind} ${ms} ms`).join(', ')}`);
  for (const trouble of report.troubles) console.log(`✗ ${trouble}`);
  const code = judged(report.verdict);
  if (code === 0 && report.troubles.length === 0) return 0;
  console.log(
    `\nthe same schedule again: npm run test:faults -- --topology ${topology} --seed ${seed} --writers ${writers} --minutes ${minutes}`,
  );
  console.log(`the same judgement again: npm run test:faults -- --check ${join(dir, 'history.jsonl')}`);
  return 1;
}

function judged({ violations, counts }: Verdict): number {
  const { ok, changes, refused, unknown, deliveries, gaps, resyncs, stored } = counts;
  console.log(
    `${ok} publishes acknowledged, ${changes} of them operations on replicated state, ${refused} refused, ${unknown} unknown; ${stored} stored; ${deliveries} deliveries, ${gaps} gaps, ${resyncs} resyncs`,
  );
  for (const [kind, words] of Object.entries(VIOLATIONS)) {
    const of = violations.filter((violation) => violation.kind === kind);
    if (of.length === 0) continue;
    console.log(`✗ ${of.length} × ${kind}: ${words}`);
    for (const violation of of.slice(0, SHOWN)) console.log(`    ${violation.words}`);
  }
  if (violations.length === 0) console.log('✓ every promise was kept');
  return violations.length === 0 ? 0 : 1;
}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
try {
  process.exit(await main(interruption.signal));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exit(2);
}
