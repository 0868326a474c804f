import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type AnalyticsStore, type Store, StoreUnavailableError } from '@konferenco/core';
import { describeAnalyticsContract } from '@konferenco/testkit/contracts';
import { TcpProxy } from '@konferenco/testkit/faults';
import { startNats, startPostgres } from '@konferenco/testkit/servers';
import { SQL } from 'bun';
import type { NatsOptions } from '../../packages/server/src/adapters/nats/connection.ts';
import { openNatsStreams } from '../../packages/server/src/adapters/nats/streams.ts';
import { openMessageCounts } from '../../packages/server/src/adapters/postgres-series/message-counts.ts';
import { openPostgresStore } from '../../packages/server/src/adapters/postgres/store.ts';
import { countMessages } from '../../packages/server/src/feed/analytics.ts';
import { startConsumers } from '../../packages/server/src/feed/consumer.ts';
import { Relay } from '../../packages/server/src/feed/relay.ts';
import { systemClock, systemRandom } from '../../packages/server/src/runtime/system.ts';
import { contents, natsOptions, until } from './support.ts';

let nats: Awaited<ReturnType<typeof startNats>>;
let postgres: Awaited<ReturnType<typeof startPostgres>>;
beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
}, 240_000);
afterAll(() => Promise.all([nats.stop(), postgres.stop()]), 30_000);

const NOW = Date.UTC(2026, 10, 21, 12, 3);
let schemas = 0;
function openCounts(schema = `series_${++schemas}`, now = NOW): Promise<AnalyticsStore> {
  return openMessageCounts({ url: postgres.url, schema, now: () => now });
}

describeAnalyticsContract(
  'PostgreSQL',
  () => openCounts(),
  () => NOW,
);

// proves BU-19
test('what is older than it is kept goes with its month, and does not come back with a late message', async () => {
  const store = await openCounts('series_kept');
  const day = 86_400_000;
  const of = (sequence: number, at: number) =>
    ({ stream: 'CHAT', incarnation: 'i', sequence, event: '', type: 'chat', at }) as const;
  await store.add([of(1, NOW - 390 * day), of(2, NOW)]);
  const sql = new SQL(postgres.url);
  const partitions = async () =>
    (
      await sql`SELECT relname FROM pg_class WHERE relname LIKE 'message_counts_20%' AND relnamespace = 'series_kept'::regnamespace AND relkind = 'r' ORDER BY 1`
    ).map(({ relname }: { relname: string }) => relname);
  expect(await partitions()).toEqual(['message_counts_2025_10', 'message_counts_2026_11', 'message_counts_2026_12']);
  await store.maintain(NOW + 30 * day);
  expect(await partitions()).toEqual(['message_counts_2026_11', 'message_counts_2026_12', 'message_counts_2027_01']);
  expect(await store.add([of(3, NOW - 500 * day)])).toBe(1);
  const kept = await store.query({ from: 0, to: NOW * 2, limit: 10 });
  expect(kept.map(({ messages }) => messages)).toEqual([1]);
  await sql.close();
  await store.close();
});

// proves BU-19, CN-20
test('what a node counts takes effect in one round trip: one that never hears the answer keeps no row from the others', async () => {
  const line = await TcpProxy.start({ target: postgres.port });
  const url = postgres.url.replace(`:${postgres.port}/`, `:${line.port}/`);
  const far = await openMessageCounts({ url, schema: 'series_held', now: () => NOW });
  const near = await openCounts('series_held');
  const messages = (...sequences: number[]) =>
    sequences.map(
      (sequence) => ({ stream: 'CHAT', incarnation: 'i', sequence, event: '', type: 'chat', at: NOW }) as const,
    );
  const total = async () =>
    (await near.query({ from: 0, to: NOW * 2, limit: 10 })).reduce((sum, { messages: count }) => sum + count, 0);
  // Each of its connections knows the statement.
  await Promise.all([1, 2, 3, 4].map((sequence) => far.add(messages(sequence))));
  line.stall('down');
  const unheard = far.add(messages(5, 6)).catch((error: unknown) => error);
  await until(async () => (await total()) === 6, 'six are counted');
  expect(await near.add(messages(5, 6, 7))).toBe(1);
  line.cut();
  expect(await unheard).toBeInstanceOf(StoreUnavailableError);
  line.heal();
  expect(await far.add(messages(4, 5, 6, 7, 8))).toBe(1);
  expect(await total()).toBe(8);
  await Promise.all([far.close(), near.close()]);
  await line.close();
});

/** A node of a cluster as far as the feed goes: store, streams, relay, and a member of the group that counts. */
async function openNode(options: NatsOptions) {
  const [store, streams, counts] = await Promise.all([
    openPostgresStore({ url: postgres.url }),
    openNatsStreams(options),
    openCounts('series_exact', Date.now()),
  ]);
  const node = { clock: systemClock, random: systemRandom, onFault: () => {} };
  const relay = new Relay({ ...node, feed: store, sink: streams });
  const consumers = startConsumers({ ...node, source: streams }, { analytics: countMessages(counts) });
  const close = async () => {
    await Promise.all([relay.close(), consumers.close()]);
    await Promise.all([streams.close(), counts.close(), store.close()]);
  };
  return { store, streams, counts, relay, close };
}

const LOGS = ['ch:a', 'ch:b', 'ch:c'];

/** Stores messages one after the other; one that fails because the store is away may be stored or not. */
async function write(store: Store, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const id = Bun.randomUUIDv7();
    const [type, subtype] = n % 3 === 0 ? ['marketplace', 'offer'] : ['chat', 'channel_message'];
    const log = LOGS[n % LOGS.length] ?? '';
    const envelope = JSON.stringify({ id, type, subtype, to: { type: 'channel', id: log.slice(3), event_id: 'main' } });
    const append = { log, id, sender: 'ann', envelope, expires_at: Date.now() + 86_400_000 };
    await store.commit([{ appends: [append] }]).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError)) throw error;
    });
  }
}

// proves BU-12, BU-19
test('every stored message is in its stream once, each log in order, and counted once, though NATS, PostgreSQL and a node end on the way', async () => {
  const options = natsOptions(nats.url);
  const nodes = await Promise.all([openNode(options), openNode(options)]);
  const [going, staying] = nodes;
  const relayed = () => nodes.reduce((sum, { relay }) => sum + relay.describe().relayed, 0);
  const writeBoth = (count: number) => Promise.all(nodes.map(({ store }) => write(store, count)));
  await writeBoth(150);
  await until(() => relayed() > 0, 'some are relayed');
  const writing = writeBoth(150);
  await nats.kill();
  await writing;
  await nats.restart();
  const storing = writeBoth(100);
  await postgres.kill();
  await postgres.restart();
  await storing;
  await going.close();
  await write(staying.store, 50);

  const pages = await Promise.all(
    LOGS.map((log) => staying.store.read(log, { after: 0, limit: 5_000, max_bytes: 1e9 })),
  );
  const stored = pages.flatMap(({ entries }, index) =>
    entries.map(({ offset, id }) => ({ log: LOGS[index], offset, id })),
  );
  expect(stored.length).toBeGreaterThan(650);
  expect(new Set(stored.map(({ log, offset }) => `${log} ${offset}`)).size).toBe(stored.length);
  const range = { from: Date.now() - 3_600_000, to: Date.now() + 3_600_000, limit: 100 };
  const total = async () => {
    const counts = await staying.counts.query(range).catch(() => []);
    return counts.reduce((sum, { messages }) => sum + messages, 0);
  };
  await until(async () => (await total()) >= stored.length, 'everything is counted');
  expect(await total()).toBe(stored.length);
  const inStreams = (
    await Promise.all((['CHAT', 'MARKETPLACE'] as const).map((stream) => contents(staying.streams, stream)))
  ).flat();
  const places = inStreams.map(({ log, offset, id }) => ({ log, offset, id }));
  expect(new Set(places.map(({ id }) => id)).size).toBe(places.length);
  const byPlace = (x: { log?: string; offset: number }, y: typeof x) =>
    `${x.log}`.localeCompare(`${y.log}`) || x.offset - y.offset;
  expect(places.toSorted(byPlace)).toEqual(stored.toSorted(byPlace) as typeof places);
  for (const log of LOGS) {
    for (const stream of ['CHAT', 'MARKETPLACE']) {
      const offsets = inStreams.filter((one) => one.log === log && one.stream === stream).map(({ offset }) => offset);
      expect(offsets).toEqual(offsets.toSorted((x, y) => x - y));
    }
  }
  await staying.close();
}, 300_000);
