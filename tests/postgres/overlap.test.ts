import { expect, test } from 'bun:test';
import { SQL } from 'bun';
import { type Append, type Outcome, StoreUnavailableError } from '@konferenco/core';
import { SeededRandom } from '@konferenco/testkit';
import { TcpProxy } from '@konferenco/testkit/faults';
import { NO_WRITER } from '../../packages/server/src/adapters/postgres/append-function.ts';
import { prepareCommands } from '../../packages/server/src/adapters/postgres/prepared.ts';
import { Session } from '../../packages/server/src/adapters/postgres/session.ts';
import { openPostgresStore, type PostgresStore } from '../../packages/server/src/adapters/postgres/store.ts';
import { straightBatch, writeStraight } from '../../packages/server/src/adapters/postgres/straight.ts';
import { WriterRow } from '../../packages/server/src/adapters/postgres/writer-row.ts';
import { CuttingProxy } from './proxy.ts';
import { append, newSchema, patiently, readAll, usePostgres } from './support.ts';

const server = usePostgres();

const LOGS = ['ch:0', 'ch:1', 'ch:2'];
/** As many as several batches hold, so that one is under way behind another. */
const MANY = 1_300;
const LIMITS = { connectMs: 1_000, statementMs: 1_000 };

const inbox = { after: 0, limit: 100_000, max_bytes: 100_000_000 };

/** A store in a schema of its own that has said everything once, so that it says it in one breath from now on. */
async function opened(url: string, answerMs: number, schema = newSchema()): Promise<PostgresStore> {
  const store = await openPostgresStore({ url, schema, ...LIMITS, answerMs });
  for (let i = 0; i < 2; i++) {
    await store.commit(
      LOGS.map((log) => ({ appends: [append(log, { notify: [{ user: 'bob', reason: 'notice' }] })] })),
    );
  }
  return store;
}

const messages = () =>
  Array.from({ length: MANY }, (_, i) =>
    append(LOGS[i % LOGS.length] ?? '', { notify: [{ user: 'bob', reason: 'notice' }] }),
  );

type Answer = PromiseSettledResult<Outcome | undefined>;

/** Says everything at once. */
function say(store: PostgresStore, said: readonly Append[], answered = () => {}): Promise<Answer[]> {
  return Promise.allSettled(
    said.map(async (one) => {
      const [outcome] = await store.commit([{ appends: [one] }]);
      answered();
      return outcome;
    }),
  );
}

/** All that was acknowledged is where callers were told, in the order of the calls, and everything is there once at the most. */
async function expectTrue(
  store: PostgresStore,
  said: readonly Append[],
  answers: readonly Answer[],
): Promise<Set<string>> {
  const there = new Set<string>();
  for (const log of LOGS) {
    const entries = await readAll(store, log);
    expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, i) => i + 1));
    for (const { id } of entries) there.add(id);
    const offsetOf = new Map(entries.map(({ id, offset }) => [id, offset]));
    expect(offsetOf.size).toBe(entries.length);
    const told = said.flatMap((one, i) => {
      const answer = answers[i];
      if (one.log !== log || answer?.status !== 'fulfilled') return [];
      expect(answer.value).toMatchObject({ kind: 'committed', positions: [{ log, offset: offsetOf.get(one.id) }] });
      return [offsetOf.get(one.id) ?? 0];
    });
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  }
  const pointers = (await store.readInbox('bob', inbox)).entries;
  expect(pointers.map(({ inbox }) => inbox)).toEqual(pointers.map((_, i) => i + 1));
  expect(new Set(pointers.map(({ id }) => id))).toEqual(there);
  return there;
}

test('two batches are under way at once, and never a third', async () => {
  const proxy = new CuttingProxy(server().port);
  const store = await opened(proxy.url, 5_000);
  const said = messages();
  await expectTrue(store, said, await say(store, said));
  expect(proxy.most).toBe(2);
  await store.close();
  proxy.stop();
});

// proves ST-4
test('store time does not run backwards from a batch to the one sent behind it', async () => {
  const options = { url: server().url, schema: 'time' };
  const now = Date.now();
  const ahead = await openPostgresStore({ ...options, now: () => now + 60_000 });
  const store = await openPostgresStore({ ...options, now: () => now });
  for (const log of ['ch:behind', 'ch:ahead']) await store.commit([{ appends: [append(log)] }]);
  await ahead.commit([{ appends: [append('ch:ahead')] }]);
  // One batch to one log, and another behind it to the other.
  const logs = Array.from({ length: 1_024 }, (_, i) => (i < 512 ? 'ch:ahead' : 'ch:behind'));
  const told = await Promise.all(logs.map((log) => store.commit([{ appends: [append(log)] }])));
  expect(told.flat()).toMatchObject(logs.map(() => ({ kind: 'committed', at: now + 60_000 })));
  await Promise.all([ahead.close(), store.close()]);
});

// proves ST-4, ST-6
test('a batch that meets ids that are stored already is not overtaken by the one sent behind it', async () => {
  const store = await opened(server().url, 5_000);
  const old = append('ch:0', { notify: [{ user: 'bob', reason: 'notice' }] });
  await store.commit([{ appends: [old] }]);
  const said = messages();
  const answers = await say(store, [...said.slice(0, 100), old, ...said.slice(100)]);
  expect(answers.splice(100, 1)).toMatchObject([{ value: { kind: 'duplicate' } }]);
  expect((await expectTrue(store, said, answers)).size).toBe(MANY + 2 * LOGS.length + 1);
  await store.close();
});

// proves ST-4, ST-13
test('a disk that is full for the first of two batches under way refuses the other too', async () => {
  const schema = newSchema();
  const store = await opened(server().url, 5_000, schema);
  const sql = new SQL({ url: server().url, max: 1, connection: { search_path: schema } });
  await sql.unsafe('CREATE SEQUENCE tries');
  await sql.unsafe(`CREATE FUNCTION full_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('tries') = 1 THEN RAISE SQLSTATE '53100'; END IF; RETURN NULL; END $$`);
  await sql.unsafe('CREATE TRIGGER full_once BEFORE INSERT ON entries EXECUTE FUNCTION full_once()');
  await sql.close();
  const said = messages();
  for (const answer of await say(store, said)) {
    expect(answer.status === 'rejected' && answer.reason).toBeInstanceOf(StoreUnavailableError);
  }
  const answers = await say(store, said);
  expect((await expectTrue(store, said, answers)).size).toBe(MANY + 2 * LOGS.length);
  await store.close();
});

const FATES = ['is lost', 'gets no answer'] as const;
const moments = FATES.flatMap((fate) => [0, 1, 2].map((before) => [fate, before] as const));

// proves ST-1, ST-2, ST-4, ST-14
test.each(moments)(
  'nothing is lost, doubled or overtaken when a COMMIT %s that comes after %i others',
  async (fate, before) => {
    const proxy = new CuttingProxy(server().port);
    const store = await opened(proxy.url, 5_000);
    const said = messages();
    proxy.next(fate, { before });
    const answers = await say(store, said);
    expect(answers.filter(({ status }) => status === 'rejected')).toEqual([]);
    const there = await expectTrue(store, said, answers);
    expect(there.size).toBe(MANY + 2 * LOGS.length);
    expect(proxy.cuts).toBe(1);
    await store.close();
    proxy.stop();
  },
);

// proves ST-2, ST-14
test.each(moments.filter(([, before]) => before < 2))(
  'what was not acknowledged is stored once by a repeat when a COMMIT %s after %i others and the server stays away',
  async (fate, before) => {
    const proxy = new CuttingProxy(server().port);
    const store = await opened(proxy.url, 100);
    const said = messages();
    proxy.next(fate, { before, thenRefuse: true });
    const answers = await say(store, said);
    const failed = said.filter((_, i) => answers[i]?.status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    for (const answer of answers) {
      if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(StoreUnavailableError);
    }
    proxy.accept();
    await patiently(() => store.commit([{ appends: [append('ch:back')] }]));
    const there = await expectTrue(store, said, answers);
    const again = await say(store, failed);
    for (const [i, { id }] of failed.entries()) {
      const answer = again[i];
      expect(answer?.status === 'fulfilled' && answer.value?.kind).toBe(there.has(id) ? 'duplicate' : 'committed');
    }
    expect((await expectTrue(store, said, answers)).size).toBe(MANY + 2 * LOGS.length);
    await store.close();
    proxy.stop();
  },
);

// proves ST-2, ST-14
test('a batch that reaches the server after another session has taken its writer over takes no effect', async () => {
  const store = await openPostgresStore({ url: server().url, schema: 'late', ...LIMITS });
  await store.commit([{ appends: [append('ch:hall')] }]);
  const place = { url: server().url, schema: 'late', name: 'konferenco late w', ...LIMITS };
  const [slow, next] = await Promise.all([Session.open(place), Session.open(place)]);
  const row = new WriterRow('late');
  await row.take(slow);
  const [late, kept] = [append('ch:hall'), append('ch:hall')].map((one) =>
    straightBatch(prepareCommands([{ appends: [one] }])),
  );
  if (!late || !kept) throw new Error('appends are written straight');
  const from = () => ({ ...row.claim(), epoch: store.epoch, now: Date.now(), turns: 1 });
  const first = from();
  await writeStraight(slow, first, kept);
  row.tookEffect(first.batch);
  const claim = from();
  await row.take(next);
  await expect(writeStraight(slow, claim, late)).rejects.toMatchObject({ errno: NO_WRITER });
  expect([claim.behind, claim.batch].map((batch) => row.hasTakenEffect(batch, slow))).toEqual([true, false]);
  expect((await readAll(store, 'ch:hall')).map(({ id }) => id).slice(1)).toEqual([...kept.ids]);
  for (const session of [slow, next]) session.destroy();
  await store.close();
});

// proves ST-1, ST-2, ST-4, ST-14
test.each([1, 2, 3])(
  'nothing is lost, doubled or overtaken over connections cut at any moment, seed %i',
  async (seed) => {
    const random = new SeededRandom(seed);
    const proxy = await TcpProxy.start({ target: server().port, seed });
    const store = await opened(`postgres://konferenco@127.0.0.1:${proxy.port}/konferenco`, 5_000);
    const said = messages();
    const cutsAt = new Set(Array.from({ length: 4 }, () => random.int(1, MANY)));
    let count = 0;
    const answers = await say(store, said, () => {
      if (cutsAt.has(++count)) setTimeout(() => proxy.cut(), random.next() * 4);
    });
    expect(answers.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect((await expectTrue(store, said, answers)).size).toBe(MANY + 2 * LOGS.length);
    await store.close();
    await proxy.close();
  },
);
