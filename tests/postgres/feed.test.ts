import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { FeedEntry, FeedPosition, LeaderSignal } from '@konferenco/core';
import { SQL } from 'bun';
import { openPostgresStore, type PostgresStore } from '../../packages/server/src/adapters/postgres/store.ts';
import { type RunningProgram, startPostgres } from '../../packages/testkit/src/servers/index.ts';
import { append, readAll } from './support.ts';

let server: RunningProgram;
let nodes: [PostgresStore, PostgresStore];
beforeAll(async () => {
  server = await startPostgres();
  nodes = await Promise.all([openPostgresStore({ url: server.url }), openPostgresStore({ url: server.url })]);
}, 240_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await server.kill();
  await server.stop();
});

async function readOn(store: PostgresStore, after: FeedPosition | null): Promise<FeedEntry[]> {
  const all: FeedEntry[] = [];
  for (let position = after; ; ) {
    const page = await store.readFeed(position, 50);
    if (page.entries.length === 0) return all;
    all.push(...page.entries);
    position = page.position;
  }
}

const LOGS = ['ch:a', 'ch:b', 'ch:c'];

// proves ST-16
test('a follower sees every entry once and each log in order, whatever two nodes write meanwhile', async () => {
  let writing = true;
  const writers = Array.from({ length: 16 }, async (_, i) => {
    const node = nodes[(i % 2) as 0 | 1];
    for (let n = 0; n < 40; n++)
      await node.commit([{ appends: [append(LOGS[(i + n) % 3] ?? '', { sender: `w${i}` })] }]);
  });
  const done = Promise.all(writers).then(() => {
    writing = false;
  });
  const seen: FeedEntry[] = [];
  while (writing) seen.push(...(await readOn(nodes[1], seen.at(-1)?.position ?? null)));
  await done;
  while (seen.length < 640) seen.push(...(await readOn(nodes[1], seen.at(-1)?.position ?? null)));
  expect(seen).toHaveLength(640);
  for (const log of LOGS) {
    const stored = await readAll(nodes[0], log);
    const told = seen.filter((entry) => entry.log === log);
    expect(told.map(({ offset, id, envelope }) => ({ offset, id, envelope }))).toEqual(
      stored.map(({ offset, id, envelope }) => ({ offset, id, envelope })),
    );
  }
}, 120_000);

// proves ST-16
test('nothing is told while an older transaction can still add something before it', async () => {
  const last = (await readOn(nodes[0], null)).at(-1)?.position ?? null;
  const sql = new SQL({ url: server.url, max: 1 });
  const other = await sql.reserve();
  await other.unsafe('BEGIN');
  await other.unsafe("UPDATE konferenco.writers SET seen = now() WHERE writer = 'nobody'");
  const [taken] = await other.unsafe("SELECT pg_current_xact_id(), nextval('konferenco.entry_seq')::float8 AS seq");
  const later = append('ch:later');
  await nodes[0].commit([{ appends: [later] }]);
  expect((await nodes[0].readFeed(last, 10)).entries).toEqual([]);
  expect((await nodes[1].readFeed(last, 10)).entries).toEqual([]);
  const id = Bun.randomUUIDv7();
  await other.unsafe("INSERT INTO konferenco.logs(name, head) VALUES('ch:earlier', 1)");
  await other.unsafe(
    `INSERT INTO konferenco.entries(id, seq, log, off, at, expires, crc, gone, sender, body)
     SELECT $1::uuid, $2::bigint, id, 1, 0, 0, 0, 0, 'ann', '{}' FROM konferenco.logs WHERE name = 'ch:earlier'`,
    [id, taken.seq],
  );
  await other.unsafe('COMMIT');
  const told = await readOn(nodes[0], last);
  expect(told.map((entry) => entry.id)).toEqual([id, later.id]);
  other.release();
  await sql.close();
});

test('a group goes on where it was, and never back', async () => {
  const [one, two] = await readOn(nodes[0], null);
  if (!one || !two) throw new Error('the feed is empty');
  expect(await nodes[0].feedCursor('push')).toBeNull();
  await nodes[0].saveFeedCursor('push', two.position);
  await nodes[1].saveFeedCursor('push', one.position);
  expect(await nodes[1].feedCursor('push')).toBe(two.position);
  await expect(nodes[0].readFeed('yesterday', 1)).rejects.toBeInstanceOf(TypeError);
});

test('one node leads; when it loses its connection it is told, and another may lead', async () => {
  const lead = Promise.withResolvers<LeaderSignal>();
  const lost = Promise.withResolvers<void>();
  const first = nodes[0].withLeader('relay', (signal) => {
    signal.addEventListener('abort', () => lost.resolve());
    lead.resolve(signal);
    return lost.promise;
  });
  const signal = await lead.promise;
  expect(await nodes[1].withLeader('relay', () => Promise.reject(new Error('two lead')))).toBe(false);
  expect(await nodes[1].withLeader('another', async () => undefined)).toBe(true);
  const sql = new SQL(server.url);
  await sql.unsafe(
    `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND pid IN (
       SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_try_advisory_lock%' OR query = 'SELECT 1')`,
  );
  expect(await first).toBe(true);
  expect(signal.aborted).toBe(true);
  let led = false;
  while (!led) {
    led = await nodes[1].withLeader('relay', async () => undefined);
  }
  const fail = async () => {
    // The lock of the leadership that just ended is given back a moment later.
    while (!(await nodes[1].withLeader('relay', () => Promise.reject(new Error('work failed'))))) await Bun.sleep(1);
  };
  await expect(fail()).rejects.toThrow('work failed');
  await sql.close();
});
