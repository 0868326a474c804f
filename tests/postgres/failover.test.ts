import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { AnalyticsStore, Outcome } from '@konferenco/core';
import { SQL } from 'bun';
import { openMessageCounts } from '../../packages/server/src/adapters/postgres-series/message-counts.ts';
import { parseServers } from '../../packages/server/src/adapters/postgres-servers.ts';
import { openPostgresStore, type PostgresStore } from '../../packages/server/src/adapters/postgres/store.ts';
import {
  type PostgresReplica,
  type RunningProgram,
  startPostgres,
  startPostgresReplica,
} from '../../packages/testkit/src/servers/index.ts';
import { until } from '../system/support/until.ts';
import { append, patiently, readAll } from './support.ts';

const START_MS = 60_000;
const PATIENCE_MS = 30_000;
const LOG = 'ch:general';
/** Impatient, so that a test of faults is short. */
const LIMITS = { connectMs: 1_000, statementMs: 1_000, answerMs: 1_000 };

let primary: RunningProgram;
let replica: PostgresReplica;
const stores: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  primary = await startPostgres();
  replica = await startPostgresReplica(primary.port);
  await ask(primary, "ALTER SYSTEM SET synchronous_standby_names = 'replica'");
  await ask(primary, 'SELECT pg_reload_conf()');
  const inStep = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'";
  await until(async () => (await ask(primary, inStep)).length === 1, 'the replica is in step', PATIENCE_MS);
}, START_MS);
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await Promise.all([primary, replica].map((server) => server.kill()));
  await Promise.all([primary, replica].map((server) => server.stop()));
}, START_MS);

async function ask(server: RunningProgram, text: string): Promise<unknown[]> {
  const sql = new SQL(server.url, { max: 1 });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.close();
  }
}

/** Both servers in one address, the one that takes no writes at first in front. */
const both = () => parseServers(`postgres://konferenco@127.0.0.1:${replica.port},127.0.0.1:${primary.port}/konferenco`);

async function opened(): Promise<PostgresStore> {
  const store = await openPostgresStore({ url: both(), ...LIMITS });
  stores.push(store);
  return store;
}

/** Writes one entry after the other until told to stop; those acknowledged, by offset. */
async function write(store: PostgresStore, stop: AbortSignal): Promise<Map<number, string>> {
  const acknowledged = new Map<number, string>();
  while (!stop.aborted) {
    const one = append(LOG);
    const outcome: Outcome | undefined = await patiently(async () => (await store.commit([{ appends: [one] }]))[0]);
    if (outcome?.kind === 'committed') acknowledged.set(outcome.positions[0]?.offset ?? 0, one.id);
    // What was not known to be written, and was.
    else if (outcome?.kind === 'duplicate') acknowledged.set(outcome.position.offset, one.id);
    else throw new Error(`unexpected: ${JSON.stringify(outcome)}`);
  }
  return acknowledged;
}

/** Counts a message of the stream once. */
const count = (counts: AnalyticsStore, sequence: number) =>
  counts.add([{ stream: 'CHAT', incarnation: 'a', sequence, at: Date.now(), event: 'hui', type: 'chat' }]);

/** Ports at which the store and what counts beside it are connected now. */
async function connections(server: RunningProgram): Promise<number> {
  const rows = await ask(
    server,
    "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'konferenco%' AND pid <> pg_backend_pid()",
  );
  return rows.length;
}

// proves CN-26
test(
  'after the primary died the node goes on with the promoted replica, without a restart, and keeps to it when the old one is back',
  async () => {
    const store = await opened();
    const counts = await openMessageCounts({ url: both(), now: () => Date.now() });
    stores.push(counts);
    await count(counts, 1);
    const stop = new AbortController();
    const writing = write(store, stop.signal);
    const head = async () => (await store.states([LOG]))[0]?.head ?? 0;
    await until(async () => (await patiently(head)) >= 20, 'twenty entries are written', PATIENCE_MS);

    await primary.kill();
    const refusal = await openPostgresStore({ url: both(), ...LIMITS }).catch((error: Error) => error.message);
    expect(refusal).toMatch(/: none of them answers and takes writes; check the addresses, and promote a replica/);
    await replica.promote();
    const before = await patiently(head);
    await until(async () => (await patiently(head)) >= before + 20, 'writing goes on', PATIENCE_MS);
    await patiently(() => count(counts, 2));

    // It takes writes, and nobody has told it that it was replaced.
    await primary.restart();
    await ask(
      replica,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'konferenco%' AND pid <> pg_backend_pid()",
    );
    const again = await patiently(head);
    await until(async () => (await patiently(head)) >= again + 20, 'writing goes on again', PATIENCE_MS);
    stop.abort();
    const acknowledged = await writing;
    const later = await opened();
    await later.commit([{ appends: [append('ch:later')] }]);
    await patiently(() => count(counts, 3));
    // Whoever opens anew asks every server which one takes writes, and leaves the others.
    await until(async () => (await connections(primary)) === 0, 'nobody stays at the old primary', PATIENCE_MS);
    expect(await connections(replica)).toBeGreaterThan(0);

    const entries = await readAll(later, LOG);
    expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, index) => index + 1));
    for (const [offset, id] of acknowledged) expect(entries[offset - 1]?.id).toBe(id);
    expect(later.epoch).toBe(store.epoch);
  },
  START_MS * 2,
);
