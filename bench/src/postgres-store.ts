import { SQL } from 'bun';
import { numberArray, textArray } from '../../packages/server/src/adapters/postgres/arrays.ts';
import { openPostgresStore } from '../../packages/server/src/adapters/postgres/store.ts';
import { startPostgres } from '../../packages/testkit/src/servers/index.ts';
import { commandOf, comparison, ENVELOPE_BYTES, EXPIRES, LOGS, messageOf, type Workload } from './store-load.ts';

/**
 * Durable commits per second of the PostgreSQL store beside the bare statements it ends in: a multi-row INSERT of the same rows
 * into the same tables and its COMMIT, as many rows as there are callers. Both alternate in one run on one server, each time
 * in new tables. Usage: `bun bench/src/postgres-store.ts [rounds=5] [milliseconds=1500] [part of a workload's name]`. With
 * `STATEMENTS=1` the server's own account of our statements follows each workload (needs pg_stat_statements).
 */
const ROUNDS = Number(process.argv[2] ?? 5);
const MILLISECONDS = Number(process.argv[3] ?? 1_500);
const ONLY = process.argv[4] ?? '';
const ACCOUNT = process.env.STATEMENTS === '1';
const WARM_UP_MILLISECONDS = 400;

const WORKLOADS: readonly Workload[] = [
  ...[1, 64, 512, 2_048].map((callers) => ({
    name: `channel, ${callers} caller${callers === 1 ? '' : 's'}`,
    callers,
    direct: false,
  })),
  ...[64, 512].map((callers) => ({ name: `direct + 2 pointers, ${callers} callers`, callers, direct: true })),
];

interface Run {
  readonly rate: number;
  /** Milliseconds from call to answer, sorted. */
  readonly waits: readonly number[];
  /** Microseconds of processor time of this process for each commit. */
  readonly cpu: number;
}

const server = await startPostgres({ settings: ACCOUNT ? { shared_preload_libraries: 'pg_stat_statements' } : {} });
const admin = new SQL({ url: server.url, max: 1 });
if (ACCOUNT) await admin.unsafe('CREATE EXTENSION pg_stat_statements');
let schemas = 0;

async function ours({ callers, direct }: Workload): Promise<Run> {
  const schema = `ours${++schemas}`;
  const store = await openPostgresStore({ url: server.url, schema });
  let next = 0;
  const commitFor = async (milliseconds: number) => {
    const waits: number[] = [];
    const cpu = process.cpuUsage();
    const start = performance.now();
    const caller = async () => {
      while (performance.now() - start < milliseconds) {
        const asked = performance.now();
        const [outcome] = await store.commit([commandOf(next++, direct)]);
        if (outcome?.kind !== 'committed') throw new Error(`a commit came to ${outcome?.kind}`);
        waits.push(performance.now() - asked);
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    const { user, system } = process.cpuUsage(cpu);
    const rate = (waits.length / (performance.now() - start)) * 1_000;
    return { rate, waits: waits.sort((a, b) => a - b), cpu: (user + system) / waits.length };
  };
  await commitFor(WARM_UP_MILLISECONDS);
  if (ACCOUNT) await admin.unsafe('SELECT pg_stat_statements_reset()');
  const run = await commitFor(MILLISECONDS);
  if (ACCOUNT) await account(run.waits.length);
  await store.close();
  await admin.unsafe(`DROP SCHEMA ${schema} CASCADE`);
  return run;
}

/** Prints where the server's time went, by statement. */
async function account(commits: number): Promise<void> {
  const rows = await admin.unsafe(
    `SELECT calls::int, round(total_exec_time)::int AS ms, round(mean_exec_time::numeric, 2)::text AS mean,
       left(regexp_replace(query, '\\s+', ' ', 'g'), 90) AS query
     FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 12`,
  );
  console.log(`<!-- ${commits} commits`);
  for (const { calls, ms, mean, query } of rows) console.log(`${ms} ms = ${calls} × ${mean} ms  ${query}`);
  console.log('-->');
}

/** @returns rows committed per second, pointers not counted */
async function bare({ callers, direct }: Workload): Promise<number> {
  const schema = `bare${++schemas}`;
  await (await openPostgresStore({ url: server.url, schema })).close();
  const settings = { search_path: schema, synchronous_commit: 'on' };
  const sql = new SQL({ url: server.url, max: 1, connection: settings });
  const connection = await sql.reserve();
  const heads = new Map<number, number>();
  let next = 0;
  const insertFor = async (milliseconds: number) => {
    const start = performance.now();
    const before = next;
    while (performance.now() - start < milliseconds) {
      const from = next;
      next += callers;
      await Promise.all(statementsOf({ from, callers, direct }, heads).map(([text, p]) => connection.unsafe(text, p)));
    }
    return ((next - before) / (performance.now() - start)) * 1_000;
  };
  await insertFor(WARM_UP_MILLISECONDS);
  const rate = await insertFor(MILLISECONDS);
  connection.release();
  await sql.close();
  await admin.unsafe(`DROP SCHEMA ${schema} CASCADE`);
  return rate;
}

type Statement = readonly [text: string, parameters: string[]];

/** A transaction's statements; they travel together. */
function statementsOf(
  { from, callers, direct }: { from: number; callers: number; direct: boolean },
  heads: Map<number, number>,
): Statement[] {
  const advance = (log: number) => {
    const head = (heads.get(log) ?? 0) + 1;
    heads.set(log, head);
    return head;
  };
  const at = Date.now();
  const rows = Array.from({ length: callers }, (_, i) => ({ ...messageOf(from + i), seq: from + i }));
  const entries: Statement = [
    `INSERT INTO entries(id, sender, seq, log, off, at, expires, crc, gone, text, body)
     SELECT i, s, q, l, o, a, x, 1, 0, t, b FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[],
       $6::bigint[], $7::bigint[], $8::text[], $9::text[]) AS t(i, s, q, l, o, a, x, t, b)`,
    [
      textArray(rows.map(({ id }) => id)),
      textArray(rows.map(({ sender }) => sender)),
      numberArray(rows.map(({ seq }) => seq)),
      numberArray(rows.map(({ log }) => log)),
      numberArray(rows.map(({ log }) => advance(log))),
      numberArray(rows.map(() => at)),
      numberArray(rows.map(() => EXPIRES)),
      textArray(rows.map(({ text }) => text)),
      textArray(rows.map(({ envelope }) => envelope)),
    ],
  ];
  if (!direct) return [entries];
  const pointers = rows.flatMap(({ id, log, seq }) =>
    [log + LOGS, log + 2 * LOGS].map((inbox) => ({ id, seq, inbox, off: advance(inbox) })),
  );
  const insert: Statement = [
    `INSERT INTO pointers(id, seq, inbox, off, crc, reason)
     SELECT i, q, n, o, 1, 0 FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) AS t(i, q, n, o)`,
    [
      textArray(pointers.map(({ id }) => id)),
      numberArray(pointers.map(({ seq }) => seq)),
      numberArray(pointers.map(({ inbox }) => inbox)),
      numberArray(pointers.map(({ off }) => off)),
    ],
  ];
  return [['BEGIN', []], entries, insert, ['COMMIT', []]];
}

console.log(
  `Durable commits/s, ${ENVELOPE_BYTES}-byte envelopes, ${LOGS} logs, median of ${ROUNDS} rounds of ${MILLISECONDS} ms (lowest–highest)\n`,
);
console.log(
  '| workload | ours | bare statement | ours / bare | p50, p99 ms | µs of CPU each |\n|---|---|---|---|---|---|',
);
for (const workload of WORKLOADS.filter(({ name }) => name.includes(ONLY))) {
  const runs: Run[] = [];
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rates.push(await bare(workload));
    runs.push(await ours(workload));
  }
  const middle = runs.toSorted((a, b) => a.rate - b.rate)[ROUNDS >> 1];
  const wait = (part: number) => (middle?.waits[Math.floor(middle.waits.length * part)] ?? 0).toFixed(1);
  const mine = runs.map(({ rate }) => rate);
  console.log(
    `${comparison(workload.name, mine, rates)} ${wait(0.5)}, ${wait(0.99)} | ${Math.round(middle?.cpu ?? 0)} |`,
  );
}
await admin.close();
await server.stop();
