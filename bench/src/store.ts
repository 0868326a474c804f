import type { Database } from 'bun:sqlite';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openForWriting } from '../../packages/server/src/adapters/embedded/schema.ts';
import { openEmbeddedStore } from '../../packages/server/src/adapters/embedded/store.ts';
import { commandOf, comparison, ENVELOPE_BYTES, EXPIRES, LOGS, messageOf, type Workload } from './store-load.ts';

/**
 * Durable commits per second of the embedded store beside the bare statements it ends in: a prepared INSERT into a table of the
 * same shape, `synchronous=FULL`, as many rows in a transaction as there are callers. Both alternate in one run, each time on a
 * new directory; the ratio is taken round by round. Usage: `bun bench/src/store.ts [rounds=5] [milliseconds=1500]`.
 */
const ROUNDS = Number(process.argv[2] ?? 5);
const MILLISECONDS = Number(process.argv[3] ?? 1_500);
/** The threads of a new store compile their code first. */
const WARM_UP_MILLISECONDS = 400;

const WORKLOADS: readonly Workload[] = [
  { name: 'channel, 1 caller', callers: 1, direct: false },
  { name: 'channel, 64 callers', callers: 64, direct: false },
  { name: 'channel, 512 callers', callers: 512, direct: false },
  { name: 'direct + 2 pointers, 64 callers', callers: 64, direct: true },
  { name: 'direct + 2 pointers, 512 callers', callers: 512, direct: true },
];

/** @returns commits per second */
async function ours({ callers, direct }: Workload): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'konferenco-bench-'));
  const store = await openEmbeddedStore({ dir, inspectAfterMs: null });
  let next = 0;
  const commitFor = async (milliseconds: number) => {
    const start = performance.now();
    let done = 0;
    const caller = async () => {
      while (performance.now() - start < milliseconds) {
        const [outcome] = await store.commit([commandOf(next++, direct)]);
        if (outcome?.kind !== 'committed') throw new Error(`a commit came to ${outcome?.kind}`);
        done++;
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    return (done / (performance.now() - start)) * 1_000;
  };
  await commitFor(WARM_UP_MILLISECONDS);
  const rate = await commitFor(MILLISECONDS);
  await store.close();
  await rm(dir, { recursive: true });
  return rate;
}

/** @returns rows committed per second, pointers not counted */
async function bare(workload: Workload): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'konferenco-bench-'));
  const db = openForWriting(join(dir, 'bare.db'));
  db.run('PRAGMA wal_autocheckpoint = 1000');
  const insertRate = inserter(db, workload);
  insertRate(WARM_UP_MILLISECONDS);
  const rate = insertRate(MILLISECONDS);
  db.close();
  await rm(dir, { recursive: true });
  return rate;
}

/** @returns what inserts for so many milliseconds and says how many rows a second it came to */
function inserter(db: Database, { callers, direct }: Workload): (milliseconds: number) => number {
  const entry = db.query('INSERT INTO entries VALUES(?, ?, ?, ?, ?, ?, ?, 0, NULL, ?, ?, ?)');
  const pointer = db.query('INSERT INTO pointers VALUES(?, ?, ?, 0, 0)');
  const heads = new Map<number, number>();
  const advance = (log: number) => {
    const head = (heads.get(log) ?? 0) + 1;
    heads.set(log, head);
    return head;
  };
  let seq = 0;
  const insertBatch = () => {
    db.run('BEGIN IMMEDIATE');
    for (let i = 0; i < callers; i++) {
      const { log, id, sender, text, envelope } = messageOf(seq++);
      entry.run(seq, log, advance(log), Date.now(), EXPIRES, id, sender, text, envelope, 0);
      if (!direct) continue;
      pointer.run(seq * 2, log + LOGS, advance(log + LOGS));
      pointer.run(seq * 2 + 1, log + 2 * LOGS, advance(log + 2 * LOGS));
    }
    db.run('COMMIT');
  };
  return (milliseconds) => {
    const start = performance.now();
    const before = seq;
    while (performance.now() - start < milliseconds) insertBatch();
    return ((seq - before) / (performance.now() - start)) * 1_000;
  };
}

console.log(
  `Durable commits/s, ${ENVELOPE_BYTES}-byte envelopes, ${LOGS} logs, median of ${ROUNDS} rounds of ${MILLISECONDS} ms (lowest–highest)\n`,
);
console.log('| workload | ours | bare statement | ours / bare |\n|---|---|---|---|');
for (const workload of WORKLOADS) {
  const rates = { ours: [] as number[], bare: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    rates.bare.push(await bare(workload));
    rates.ours.push(await ours(workload));
  }
  console.log(comparison(workload.name, rates.ours, rates.bare));
}
