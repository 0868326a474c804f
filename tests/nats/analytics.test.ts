import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { AnalyticsStore } from '@konferenco/core';
import { SeededRandom } from '@konferenco/testkit';
import { describeAnalyticsContract } from '@konferenco/testkit/contracts';
import { startNats, startPostgres } from '@konferenco/testkit/servers';
import { SQL } from 'bun';
import { openNatsStreams } from '../../packages/server/src/adapters/nats/streams.ts';
import { openMessageCounts } from '../../packages/server/src/adapters/postgres-series/message-counts.ts';
import { countMessages } from '../../packages/server/src/feed/analytics.ts';
import { startConsumers } from '../../packages/server/src/feed/consumer.ts';
import { Relay } from '../../packages/server/src/feed/relay.ts';
import { systemClock } from '../../packages/server/src/runtime/system.ts';
import { MemoryFeed, MemoryFeedState } from './memory-feed.ts';
import { natsOptions, until } from './support.ts';

let nats: Awaited<ReturnType<typeof startNats>>;
let postgres: Awaited<ReturnType<typeof startPostgres>>;
beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
}, 60_000);
afterAll(() => Promise.all([nats.stop(), postgres.stop()]));

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

// proves BU-12, BU-19
test('every stored message is counted exactly once, though NATS and PostgreSQL are killed on the way and two nodes count', async () => {
  const options = natsOptions(nats.url);
  const state = new MemoryFeedState();
  const open = async () => {
    const [streams, counts] = await Promise.all([openNatsStreams(options), openCounts('series_exact', 0)]);
    const random = new SeededRandom(5);
    const node = { clock: systemClock, random, onFault: () => {} };
    const relay = new Relay({ ...node, feed: new MemoryFeed(state), sink: streams });
    const consumers = startConsumers({ ...node, source: streams }, { analytics: countMessages(counts) });
    const close = async () => {
      await Promise.all([relay.close(), consumers.close()]);
      await Promise.all([streams.close(), counts.close()]);
    };
    return { counts, close };
  };
  const nodes = await Promise.all([open(), open()]);
  const write = (count: number) => {
    for (let n = 0; n < count; n++) state.add(`ch:room-${n % 5}`, n % 3 === 0 ? 'marketplace' : 'chat');
  };
  const total = async () => {
    const counts = (await nodes[1]?.counts.query({ from: 0, to: 1e9, limit: 100 }).catch(() => [])) ?? [];
    return counts.reduce((sum, { messages }) => sum + messages, 0);
  };
  write(1_500);
  await until(async () => (await total()) > 200);
  await nats.kill();
  write(500);
  await nats.restart();
  await until(async () => (await total()) > 1_600);
  await postgres.kill();
  write(500);
  await postgres.restart();
  await nodes[0]?.close();
  await until(async () => (await total()) >= 2_500);
  const byType = await nodes[1]?.counts.query({ from: 0, to: 1e9, limit: 100 });
  const stored = Object.groupBy(state.entries, ({ envelope }) => String(JSON.parse(envelope ?? '{}').type));
  expect(byType?.map(({ event, stream, type, messages }) => ({ event, stream, type, messages }))).toEqual([
    { event: 'main', stream: 'CHAT', type: 'chat', messages: stored['chat']?.length ?? 0 },
    { event: 'main', stream: 'MARKETPLACE', type: 'marketplace', messages: stored['marketplace']?.length ?? 0 },
  ]);
  await nodes[1]?.close();
}, 90_000);
