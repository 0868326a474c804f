import { describe, expect, test } from 'bun:test';
import { SQL } from 'bun';
import { type Append, type Outcome, OutcomeUnknownError, StoreUnavailableError } from '@konferenco/core';
import { openPostgresStore, type PostgresStore } from '../../packages/server/src/adapters/postgres/store.ts';
import { until } from '../system/support/until.ts';
import { CuttingProxy } from './proxy.ts';
import { append, patiently, readAll, signalAll, usePostgres } from './support.ts';

const server = usePostgres();

const LOGS = ['ch:0', 'ch:1', 'ch:2', 'ch:3'];
/** Impatient, so that a test of faults is short. */
const IMPATIENT = { connectMs: 1_000, statementMs: 500, answerMs: 400 };

/** What writers were told: of each pair of entries, where it is, or that this is not known. */
class History {
  readonly acknowledged = new Map<readonly [Append, Append], Outcome>();
  readonly failed: (readonly [Append, Append])[] = [];

  /** Writes pairs into two logs at once, until `stop`. */
  async write(store: PostgresStore, writer: number, stop: AbortSignal): Promise<void> {
    for (let n = writer; !stop.aborted; n++) {
      const pair = [n, n + 1 + (n % 3)].map((log) =>
        append(LOGS[log % LOGS.length] ?? '', { sender: `w${writer}`, notify: [{ user: 'bob', reason: 'notice' }] }),
      ) as [Append, Append];
      try {
        const [outcome] = await store.commit([{ appends: pair }]);
        if (outcome) this.acknowledged.set(pair, outcome);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        this.failed.push(pair);
        await Bun.sleep(100);
      }
    }
  }
}

/** Where entries are, by sender and id, having checked that no offset is missing. */
async function positions(store: PostgresStore): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const log of LOGS) {
    const entries = await readAll(store, log);
    expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, i) => i + 1));
    for (const { id, sender, offset, gone } of entries) {
      expect(gone).toBeUndefined();
      found.set(`${sender} ${id}`, [...(found.get(`${sender} ${id}`) ?? []), `${log} ${offset}`]);
    }
  }
  return found;
}

describe('PostgreSQL killed under the writers of two nodes', () => {
  // proves ST-1, ST-2, ST-4, ST-14
  test('keeps all that was acknowledged once, and what was not wholly or not at all', async () => {
    const options = { url: server().url, schema: 'killed', ...IMPATIENT };
    const stores = [await openPostgresStore(options), await openPostgresStore(options)];
    const [store] = stores;
    if (!store) throw new Error('no store');
    const history = new History();
    const stop = new AbortController();
    const writers = stores.flatMap((each, node) =>
      Array.from({ length: 24 }, (_, i) => history.write(each, node * 24 + i, stop.signal)),
    );
    for (let round = 0; round < 3; round++) {
      const before = history.acknowledged.size;
      while (history.acknowledged.size < before + 150) await Bun.sleep(5);
      await server().kill();
      // The last time it stays away until somebody was refused, however fast a machine starts it.
      while (round === 2 && history.failed.length === 0) await Bun.sleep(5);
      await server().restart();
    }
    stop.abort();
    await Promise.all(writers);
    const found = await patiently(() => positions(store));
    const wrong = [...history.acknowledged].filter(([pair, outcome]) => {
      const told = outcome.kind === 'committed' ? outcome.positions.map(({ log, offset }) => `${log} ${offset}`) : [];
      return pair.some(({ sender, id }, i) => found.get(`${sender} ${id}`)?.join() !== told[i]);
    });
    expect(wrong).toEqual([]);
    expect(history.failed.length).toBeGreaterThan(0);
    const again = await store.commit(history.failed.map((pair) => ({ appends: pair })));
    for (const [i, pair] of history.failed.entries()) {
      const there = pair.map(({ sender, id }) => found.get(`${sender} ${id}`)?.length ?? 0);
      expect([
        [0, 0],
        [1, 1],
      ]).toContainEqual(there);
      expect(again[i]?.kind).toBe(there[0] === 0 ? 'committed' : 'duplicate');
    }
    const after = await positions(store);
    expect([...after.values()].every((places) => places.length === 1)).toBe(true);
    expect(after.size).toBe((history.acknowledged.size + history.failed.length) * 2);
    expect((await store.states(['in:bob']))[0]?.head).toBe(after.size);
    await Promise.all(stores.map((each) => each.close()));
  }, 240_000);
});

describe('a connection that breaks while a COMMIT is on its way', () => {
  const schema = 'commit_lost';
  const open = (proxy: CuttingProxy) => openPostgresStore({ url: proxy.url, schema, ...IMPATIENT, answerMs: 1_000 });

  // proves ST-14
  test.each(['is lost', 'gets no answer'] as const)('is found out about when the COMMIT %s', async (fate) => {
    const proxy = new CuttingProxy(server().port);
    const store = await open(proxy);
    // From its second batch on a store says all of it in one breath.
    await store.commit([{ appends: [append('ch:before')] }]);
    const [head] = await store.states(['ch:cut']);
    const one = append('ch:cut', { notify: [{ user: 'cut', reason: 'notice' }] });
    const offset = (head?.head ?? 0) + 1;
    proxy.next(fate);
    const [outcome] = await store.commit([{ appends: [one] }]);
    expect(outcome).toEqual({
      kind: 'committed',
      at: expect.any(Number),
      positions: [{ log: 'ch:cut', offset }],
      pointers: [{ user: 'cut', inbox: offset, reason: 'notice' }],
    });
    const [stored] = (await store.readInbox('cut', { after: offset - 1, limit: 1, max_bytes: 1 })).entries;
    expect(stored).toMatchObject({ id: one.id, offset, at: outcome?.kind === 'committed' ? outcome.at : 0 });
    expect((await readAll(store, 'ch:cut')).filter(({ id }) => id === one.id)).toHaveLength(1);
    expect((await store.commit([{ appends: [one] }]))[0]?.kind).toBe('duplicate');
    await store.close();
    proxy.stop();
  });

  // proves ST-4, ST-14
  test.each(['is lost', 'gets no answer'] as const)(
    'leaves those that wait behind it in their order when the COMMIT %s',
    async (fate) => {
      const proxy = new CuttingProxy(server().port);
      const store = await open(proxy);
      const log = `ch:${fate}`;
      await store.commit([{ appends: [append('ch:before')] }]);
      proxy.next(fate);
      const outcomes = await Promise.all(
        Array.from({ length: 1_200 }, () => store.commit([{ appends: [append(log)] }])),
      );
      const offsets = outcomes.flatMap(([outcome]) =>
        outcome?.kind === 'committed' ? outcome.positions.map(({ offset }) => offset) : [],
      );
      expect(offsets).toEqual(outcomes.map((_, i) => i + 1));
      expect((await readAll(store, log)).length).toBe(outcomes.length);
      expect(proxy.cuts).toBe(1);
      await store.close();
      proxy.stop();
    },
  );

  // proves ST-14
  test('is said to be unknown when the server stays away, and a repeat is answered right', async () => {
    const proxy = new CuttingProxy(server().port);
    const store = await open(proxy);
    const one = append('ch:unknown');
    proxy.next('gets no answer', { thenRefuse: true });
    await expect(store.commit([{ appends: [one] }])).rejects.toBeInstanceOf(OutcomeUnknownError);
    expect(store.health().ok).toBe(false);
    proxy.accept();
    const [again] = await patiently(() => store.commit([{ appends: [one] }]));
    expect(again).toMatchObject({ kind: 'duplicate', position: { log: 'ch:unknown', offset: 1 } });
    await until(() => store.health().ok, 'it is well again');
    await store.close();
    proxy.stop();
  });
});

// proves ST-4, ST-13
test('a disk that is full for a moment refuses all that waits, so that nothing overtakes what was said before it', async () => {
  const schema = 'full';
  const store = await openPostgresStore({ url: server().url, schema, ...IMPATIENT });
  await store.commit([{ appends: [append('ch:hall')] }]);
  const sql = new SQL({ url: server().url, max: 1, connection: { search_path: schema } });
  await sql.unsafe('CREATE SEQUENCE tries');
  await sql.unsafe(`CREATE FUNCTION full_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('tries') = 1 THEN RAISE SQLSTATE '53100'; END IF; RETURN NULL; END $$`);
  await sql.unsafe('CREATE TRIGGER full_once BEFORE INSERT ON entries EXECUTE FUNCTION full_once()');
  await sql.close();
  const said = Array.from({ length: 5 }, () => store.commit([{ appends: [append('ch:hall')] }]));
  for (const result of await Promise.allSettled(said)) {
    expect(result.status === 'rejected' && result.reason).toBeInstanceOf(StoreUnavailableError);
  }
  expect((await store.commit([{ appends: [append('ch:hall')] }]))[0]).toMatchObject({ positions: [{ offset: 2 }] });
  await store.close();
});

// proves ST-13
test('a server that is stopped is told to callers in bounded time, and serves again when it continues', async () => {
  const store = await openPostgresStore({ url: server().url, schema: 'stopped', ...IMPATIENT });
  await store.commit([{ appends: [append('ch:hall')] }]);
  await store.read('ch:hall', { limit: 1, max_bytes: 1 });
  signalAll(server(), 'SIGSTOP');
  try {
    const results = await Promise.allSettled([
      store.commit([{ appends: [append('ch:hall')] }]),
      store.commit([{ appends: [append('ch:other')] }]),
      store.read('ch:hall', { limit: 1, max_bytes: 1 }),
      store.saveCursors([{ user: 'ann', device: 'phone', inbox: 1 }]),
    ]);
    for (const result of results) {
      expect(result.status === 'rejected' && result.reason).toBeInstanceOf(StoreUnavailableError);
    }
  } finally {
    signalAll(server(), 'SIGCONT');
  }
  const [outcome] = await patiently(() => store.commit([{ appends: [append('ch:hall')] }]));
  expect(outcome?.kind).toBe('committed');
  expect((await readAll(store, 'ch:hall')).length).toBeGreaterThanOrEqual(2);
  await store.close();
}, 120_000);
