import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { SQL } from 'bun';
import { openPostgresStore } from '../../packages/server/src/adapters/postgres/store.ts';
import { freePort, type RunningProgram, startPostgres } from '../../packages/testkit/src/servers/index.ts';
import { append, DAY, PAGE } from './support.ts';

let server: RunningProgram;
let sql: SQL;
beforeAll(async () => {
  server = await startPostgres();
  sql = new SQL(server.url);
}, 240_000);
afterAll(async () => {
  await sql.close();
  await server.kill();
  await server.stop();
});

test('nodes that start together on an empty database all open the same store', async () => {
  const stores = await Promise.all(
    Array.from({ length: 4 }, () => openPostgresStore({ url: server.url, schema: 'together' })),
  );
  expect(new Set(stores.map(({ epoch }) => epoch)).size).toBe(1);
  await Promise.all(stores.map((store, i) => store.commit([{ appends: [append(`ch:${i}`)] }])));
  expect((await stores[3]?.states(['ch:0']))?.[0]).toEqual({ first: 1, head: 1 });
  await Promise.all(stores.map((store) => store.close()));
});

// proves ST-10
test('the epoch outlives a restart; renewed, it stops nodes that still go by the old one', async () => {
  const options = { url: server.url, schema: 'epochs' };
  const first = await openPostgresStore(options);
  const second = await openPostgresStore(options);
  expect(second.epoch).toBe(first.epoch);
  await second.close();
  const renewed = await openPostgresStore({ ...options, renewEpoch: true });
  expect(renewed.epoch).not.toBe(first.epoch);
  await expect(first.commit([{ appends: [append('ch:a')] }])).rejects.toThrow('start this node again');
  expect(first.health().ok).toBe(false);
  expect((await renewed.commit([{ appends: [append('ch:a')] }]))[0]?.kind).toBe('committed');
  await first.close();
  await renewed.close();
});

describe('what cannot be opened says in one sentence what to do', () => {
  const secret = 'correct-horse';
  const place = (change: (url: URL) => void) => {
    const url = new URL(server.url);
    change(url);
    return url.href;
  };
  async function sentence(url: string, schema = 'bad'): Promise<string> {
    const outcome = await openPostgresStore({ url, schema, connectMs: 1_000 }).then(
      () => new Error('it opened'),
      (error: Error) => error,
    );
    expect(outcome.name).toBe('StoreUnavailableError');
    expect(outcome.message).not.toContain(secret);
    return outcome.message;
  }

  test('a database that is not there', async () => {
    const url = place((u) => {
      u.pathname = '/nowhere';
      u.password = secret;
    });
    expect(await sentence(url)).toEndWith(
      "there is no database 'nowhere'; create it with: createdb --owner=konferenco nowhere",
    );
  });

  test('a wrong password', async () => {
    await sql.unsafe(`CREATE ROLE locked LOGIN PASSWORD 'other'`);
    const [hba] = await sql.unsafe(
      "SELECT current_setting('hba_file') AS file, pg_read_file(current_setting('hba_file')) AS text",
    );
    await Bun.write(hba.file, `host all locked 127.0.0.1/32 scram-sha-256\n${hba.text}`);
    await sql.unsafe('SELECT pg_reload_conf()');
    const url = place((u) => {
      u.username = 'locked';
      u.password = secret;
    });
    expect(await sentence(url)).toContain("the user 'locked' is not let in; check the user name and password");
  });

  test('missing rights', async () => {
    await sql.unsafe('CREATE ROLE guest LOGIN');
    const url = place((u) => {
      u.username = 'guest';
    });
    expect(await sentence(url)).toContain('run: GRANT CREATE, CONNECT ON DATABASE konferenco TO guest');
  });

  test('nobody at the address', async () => {
    const port = await freePort();
    const url = place((u) => {
      u.port = String(port);
    });
    expect(await sentence(url)).toContain('it does not answer; check that it runs');
  });

  test('a schema made by a newer program', async () => {
    const store = await openPostgresStore({ url: server.url, schema: 'newer' });
    await store.close();
    await sql.unsafe('INSERT INTO newer.migrations VALUES(99, now())');
    expect(await sentence(server.url, 'newer')).toContain('its schema has version 99');
  });

  test('messages whose checksums nobody understands any more', async () => {
    const store = await openPostgresStore({ url: server.url, schema: 'older' });
    await store.commit([{ appends: [append('ch:hall')] }]);
    await store.close();
    await sql.unsafe('DELETE FROM older.migrations WHERE number > 1');
    expect(await sentence(server.url, 'older')).toContain('it holds messages of a development version');
  });

  test('a name of a schema that is none', async () => {
    expect(await sentence(server.url, 'a"; DROP')).toContain('is no name of a schema');
  });
});

test('a server without a synchronous replica is labelled', async () => {
  const store = await openPostgresStore({ url: server.url, schema: 'labelled' });
  expect(store.health().warnings?.join()).toContain('not HA');
  await store.close();
});

// proves ST-17
test('a partition is dropped when nothing in it can be read or offered again, and made anew when it is needed', async () => {
  const now = { ms: Date.now() };
  const schema = 'retained';
  const store = await openPostgresStore({ url: server.url, schema, now: () => now.ms });
  const partitions = async () => {
    const rows = await sql.unsafe(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'retained.entries'::regclass`,
    );
    return new Set(rows.map(({ name }: { name: string }) => name));
  };
  const old = append('ch:hall', { expires_at: now.ms + DAY, notify: [{ user: 'bob', reason: 'notice' }] });
  const lasting = append('ch:hall', { expires_at: now.ms + 90 * DAY });
  await store.commit([{ appends: [old] }]);
  const before = await partitions();
  now.ms += 30 * DAY;
  await store.commit([{ appends: [{ ...lasting, id: Bun.randomUUIDv7('hex', now.ms) }] }]);
  expect(await store.trim(now.ms)).toBe(1);
  const after = await partitions();
  expect([...before].filter((name) => after.has(name))).toEqual([]);
  const page = await store.read('ch:hall', { ...PAGE, after: 0 });
  expect([page.first, page.head, page.entries.map(({ offset }) => offset)]).toEqual([2, 2, [2]]);
  expect((await store.commit([{ appends: [{ ...old, expires_at: now.ms + DAY }] }]))[0]).toMatchObject({
    kind: 'committed',
  });
  await store.close();
});

// proves ST-17
test('a partition stays while a position after the first of its log lies in it', async () => {
  const now = { ms: Date.now() };
  const store = await openPostgresStore({ url: server.url, schema: 'needed', now: () => now.ms });
  const lasting = append('ch:hall', { expires_at: now.ms + 90 * DAY });
  const late = append('ch:hall', { expires_at: now.ms + DAY, id: Bun.randomUUIDv7('hex', now.ms - 7 * DAY) });
  await store.commit([{ appends: [lasting] }, { appends: [late] }]);
  now.ms += 30 * DAY;
  await store.trim(now.ms);
  const page = await store.read('ch:hall', { ...PAGE, after: 0 });
  expect(page.entries.map(({ offset, gone }) => [offset, gone])).toEqual([
    [1, undefined],
    [2, 'expired'],
  ]);
  expect(page.gap).toBeUndefined();
  await store.close();
});

test('a node that was idle for so long that its row was forgotten writes again', async () => {
  const store = await openPostgresStore({ url: server.url, schema: 'idle' });
  await sql.unsafe("UPDATE idle.writers SET seen = now() - interval '2 days'");
  await store.trim(Date.now());
  expect((await sql.unsafe('SELECT FROM idle.writers')).length).toBe(0);
  expect((await store.commit([{ appends: [append('ch:a')] }]))[0]?.kind).toBe('committed');
  await store.close();
});

// proves ST-7
test('a row changed behind the store reads as damaged and is reported, never served', async () => {
  const damage: string[] = [];
  const store = await openPostgresStore({ url: server.url, schema: 'damaged', onDamage: (text) => damage.push(text) });
  await store.commit([
    { appends: [append('ch:hall', { notify: [{ user: 'bob', reason: 'notice' }] })] },
    { appends: [append('ch:hall')] },
    { appends: [append('ch:hall')] },
    { changes: [{ collection: 'c', key: 'k', value: 1 }] },
  ]);
  await sql.unsafe(`UPDATE damaged.entries SET body = body || ' ' WHERE off = 1`);
  await sql.unsafe('DELETE FROM damaged.entries WHERE off = 2');
  await sql.unsafe('UPDATE damaged.pointers SET reason = 3');
  await sql.unsafe(`UPDATE damaged.records SET value = '2'`);
  const page = await store.read('ch:hall', { ...PAGE, after: 0 });
  expect(page.entries.map(({ gone }) => gone)).toEqual(['damaged', undefined]);
  expect(page.gap).toEqual({ from: 2, to: 2, reason: 'damage' });
  expect((await store.readInbox('bob', { ...PAGE, after: 0 })).gap).toEqual({ from: 1, to: 1, reason: 'damage' });
  await expect(store.get('c', 'k')).rejects.toThrow('damaged');
  expect(damage).toHaveLength(4);
  expect(store.health().damage).toEqual(damage);
  await store.close();
});

// proves ST-12
test('search finds what the index holds, in the same order, and keeps no word of what was erased', async () => {
  const store = await openPostgresStore({ url: server.url, schema: 'found' });
  const say = (text: string, log = 'ch:hall') => ({ appends: [append(log, { text })] });
  await store.commit([
    say('Haere mai ki te whare Māori'),
    say('maori arts & crafts'),
    say('log 1'),
    say('maori', 'ch:b'),
  ]);
  while (store.health().index_lag > 0 || (await sql.unsafe('SELECT FROM found.words')).length < 4) await Bun.sleep(10);
  const find = async (words: string) =>
    (await store.search({ words, logs: ['ch:hall'], limit: 10 })).hits.map(({ entry }) => entry.offset);
  expect(await find('maori')).toEqual([2, 1]);
  expect(await find('whare mao')).toEqual([1]);
  expect(await find('lo')).toEqual([3]);
  await store.commit([say('newer Māori, not indexed yet'), { erases: [{ log: 'ch:hall', offset: 2 }] }]);
  expect(await find('maori')).toEqual([4, 1]);
  expect((await sql.unsafe(`SELECT FROM found.words WHERE words @@ 'crafts'`)).length).toBe(0);
  await store.close();
});

test('what PostgreSQL cannot keep is refused to its caller alone', async () => {
  const store = await openPostgresStore({ url: server.url, schema: 'refused' });
  const results = await Promise.allSettled([
    store.commit([{ appends: [append('ch:hall')] }]),
    store.commit([{ appends: [append('ch:hall', { sender: 'a\0b' })] }]),
    store.commit([{ appends: [append('ch:hall', { id: 'not-a-uuid' })] }]),
    store.commit([{ appends: [append('ch:hall', { sender: randomBytes(20_000).toString('hex') })] }]),
    store.commit([{ changes: [{ collection: 'c', key: 'half \ud800', value: 1 }] }]),
    store.commit([{ appends: [append('ch:hall', { text: 'a\0b \ud800' })] }]),
  ]);
  expect(results.map(({ status }) => status === 'fulfilled')).toEqual([true, false, false, false, false, true]);
  expect(await store.get('c', 'a\0b')).toBeNull();
  await store.close();
});
