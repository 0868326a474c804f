import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Changed, FeedEntry, FeedPosition, LeaderSignal } from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';
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

/** Asks until the store knows where it stands. */
async function beginning(store: PostgresStore): Promise<FeedPosition> {
  for (;;) {
    const { position } = await store.changedSince(null, 100);
    if (position !== null) return position;
  }
}

/** What is said to have grown from `after` on, asked until `names` were among it. */
async function grownSince(store: PostgresStore, after: FeedPosition, names: readonly string[]): Promise<Changed> {
  const heads = new Map<string, number>();
  for (let position = after; ; ) {
    const changed = await store.changedSince(position, 100);
    position = changed.position ?? position;
    for (const { name, head } of changed.heads ?? []) heads.set(name, head);
    if (names.every((name) => heads.has(name)))
      return { position, heads: [...heads].map(([name, head]) => ({ name: name as LogName, head })) };
  }
}

// proves ST-19
test('a store says which logs and inboxes grew since, with their heads, and nothing of what was there before', async () => {
  await nodes[0].commit([{ appends: [append('ch:before')] }]);
  const start = await beginning(nodes[1]);
  expect(await nodes[1].changedSince(start, 100)).toEqual({ position: start, heads: [] });
  const notify = [{ user: 'ben', reason: 'mention' as const }];
  for (let i = 0; i < 3; i++) await nodes[0].commit([{ appends: [{ ...append('ch:grown'), notify }] }]);
  const { heads, position } = await grownSince(nodes[1], start, ['ch:grown', 'in:ben']);
  expect(new Map(heads?.map(({ name, head }) => [name, head]))).toEqual(
    new Map([
      ['ch:grown' as LogName, 3],
      ['in:ben' as LogName, 3],
    ]),
  );
  expect((await nodes[1].changedSince(position, 100)).heads).toEqual([]);
  await grownSince(nodes[0], start, ['ch:grown']);
  expect((await nodes[0].changedSince(start, 2)).heads).toBeNull();
  expect((await nodes[0].changedSince(start, 3)).heads).toHaveLength(2);
}, 60_000);

// proves ST-19
test('a position beyond what the store has is none: it begins anew from where it stands', async () => {
  const start = await beginning(nodes[1]);
  const beyond = String(Number(start) + 1_000_000);
  expect(await nodes[1].changedSince(beyond, 100)).toEqual({ position: start, heads: null });
});

// proves ST-19
test('a transaction that holds up others is not waited for: the store says that it does not know', async () => {
  const start = await beginning(nodes[0]);
  const sql = new SQL({ url: server.url, max: 1 });
  const other = await sql.reserve();
  await other.unsafe('BEGIN');
  await other.unsafe("UPDATE konferenco.writers SET seen = now() WHERE writer = 'nobody'");
  await other.unsafe('SELECT pg_current_xact_id()');
  await nodes[0].commit([{ appends: [append('ch:held')] }]);
  let changed = await nodes[0].changedSince(start, 100);
  while (changed.heads !== null) {
    expect(changed).toEqual({ position: start, heads: [] });
    changed = await nodes[0].changedSince(start, 100);
  }
  expect(changed.position).toBe(start);
  await other.unsafe('COMMIT');
  const { heads } = await grownSince(nodes[0], start, ['ch:held']);
  expect(heads).toEqual([{ name: 'ch:held' as LogName, head: 1 }]);
  other.release();
  await sql.close();
}, 60_000);

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
