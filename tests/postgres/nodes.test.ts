import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Command, Outcome } from '@konferenco/core';
import { SQL } from 'bun';
import fc from 'fast-check';
import type { KeyRing, KeyStore } from '../../packages/server/src/accounts/key-store.ts';
import { openPostgresStore, type PostgresStore } from '../../packages/server/src/adapters/postgres/store.ts';
import { type RunningProgram, startPostgres } from '../../packages/testkit/src/servers/index.ts';
import { append, readAll } from './support.ts';

let server: RunningProgram;
let nodes: [PostgresStore, PostgresStore];
beforeAll(async () => {
  server = await startPostgres();
  const options = { url: server.url };
  nodes = await Promise.all([openPostgresStore(options), openPostgresStore(options)]);
}, 240_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await server.kill();
  await server.stop();
});

const KEYS = ['a', 'b', 'c'];
const WRITERS = 8;
const LOGS = ['ch:x', 'ch:y', 'dm:ann:bob'];

/** Which of a node's writers changes what, and says so in which logs. */
const moves = fc.array(
  fc.record({
    writer: fc.nat(WRITERS - 1),
    keys: fc.shuffledSubarray(KEYS, { maxLength: 2 }),
    logs: fc.shuffledSubarray(LOGS, { minLength: 1, maxLength: 2 }),
  }),
  { minLength: 60, maxLength: 120 },
);

let runs = 0;

// proves ST-4, ST-5, ST-15
test('two nodes that race for records and logs never both win, lose an offset or wait in a circle', async () => {
  await fc.assert(
    fc.asyncProperty(moves, async (sequence) => {
      const run = ++runs;
      const collection = `race${run}`;
      const log = (name: string) => `${name}${run}`;
      const attempt = async ({ writer, keys, logs }: (typeof sequence)[number]): Promise<[Command, Outcome]> => {
        const store = nodes[(writer % 2) as 0 | 1];
        const rows = await Promise.all(keys.map((key) => store.get(collection, key)));
        const command: Command = {
          requires: keys.map((key, i) => ({ collection, key, version: rows[i]?.version ?? 0 })),
          changes: keys.map((key, i) => ({ collection, key, value: Number(rows[i]?.value ?? 0) + 1 })),
          appends: logs.map((name) => append(log(name))),
        };
        const [outcome] = await store.commit([command]);
        if (!outcome) throw new Error('a command got no outcome');
        return [command, outcome];
      };
      const results: [Command, Outcome][] = [];
      const writers = Array.from({ length: WRITERS }, async (_, writer) => {
        for (const step of sequence) if (step.writer === writer) results.push(await attempt(step));
      });
      await Promise.all(writers);
      const won = results.filter(([, { kind }]) => kind === 'committed');
      expect(results.every(([, { kind }]) => kind === 'committed' || kind === 'conflict')).toBe(true);
      expect(won.length).toBeGreaterThan(0);
      for (const key of KEYS) {
        const count = won.filter(([{ changes }]) => changes?.some((change) => change.key === key)).length;
        const record = await nodes[0].get(collection, key);
        expect([record?.value ?? 0, record?.version ?? 0]).toEqual([count, count]);
      }
      for (const name of LOGS) {
        const told = won.flatMap(([, outcome]) =>
          outcome.kind === 'committed' ? outcome.positions.filter((position) => position.log === log(name)) : [],
        );
        const offsets = told.map(({ offset }) => offset).sort((a, b) => a - b);
        expect(offsets).toEqual(offsets.map((_, i) => i + 1));
        expect(await nodes[1].states([log(name)])).toEqual([
          { first: offsets.length > 0 ? 1 : 0, head: offsets.length },
        ]);
      }
    }),
    { numRuns: 6 },
  );
  const sql = new SQL(server.url);
  const [found] = await sql.unsafe('SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()');
  expect(found.deadlocks).toBe(0);
  expect((await sql.unsafe('SELECT count(*)::int AS n FROM konferenco.records WHERE value IS NULL'))[0].n).toBe(0);
  await sql.close();
}, 240_000);

// proves ST-15
test('a node that waits for a lock holds none that comes later in the order', async () => {
  const [node] = nodes;
  const collection = 'order';
  const put = (key: string) => ({ collection, key, value: 1 });
  await node.commit([{ changes: [put('a'), put('b')], appends: [append('ch:order-a'), append('ch:order-b')] }]);
  const sql = new SQL({ url: server.url, max: 2 });
  const other = await sql.reserve();
  const lockRecord = (key: string) =>
    other.unsafe('SELECT FROM konferenco.records WHERE collection = $1 AND key = $2 FOR UPDATE NOWAIT', [
      collection,
      key,
    ]);
  const lockLog = (log: string) => other.unsafe('SELECT FROM konferenco.logs WHERE name = $1 FOR UPDATE NOWAIT', [log]);
  const waits = async () => {
    for (let found = []; found.length === 0; ) {
      found = await sql.unsafe(
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE 'konferenco % w'",
      );
    }
  };
  for (const [first, rest] of [
    [() => lockRecord('a'), () => Promise.all([lockRecord('b'), lockLog('ch:order-a'), lockLog('ch:order-b')])],
    [() => lockLog('ch:order-a'), () => lockLog('ch:order-b')],
  ] as const) {
    await other.unsafe('BEGIN');
    await first();
    const pending = node.commit([
      { changes: [put('b'), put('a')], appends: [append('ch:order-b'), append('ch:order-a')] },
    ]);
    await waits();
    await rest();
    await other.unsafe('COMMIT');
    expect((await pending)[0]?.kind).toBe('committed');
  }
  other.release();
  await sql.close();
});

// proves ST-6, ST-15
test('one id offered to two nodes at once is stored once, and the other is told where', async () => {
  for (let round = 0; round < 20; round++) {
    const one = append('ch:twice');
    const [left, right] = await Promise.all(nodes.map((node) => node.commit([{ appends: [one] }])));
    expect([left?.[0]?.kind, right?.[0]?.kind].sort()).toEqual(['committed', 'duplicate']);
  }
  const reused = append('ch:twice');
  const kinds = (
    await Promise.all(
      ['ch:left', 'ch:right'].map((log, i) => nodes[i as 0 | 1].commit([{ appends: [{ ...reused, log }] }])),
    )
  ).map(([outcome]) => outcome?.kind);
  expect(kinds.sort()).toEqual(['committed', 'id_reused']);
  expect((await readAll(nodes[0], 'ch:twice')).length).toBe(20);
});

// proves ST-11
test('cursors that two nodes move at once end at the farthest', async () => {
  const cursors = Array.from({ length: 50 }, (_, i) => ({ user: `u${i}`, device: 'd' }));
  const from = (base: number) => cursors.map((cursor, i) => ({ ...cursor, inbox: base + (i % 2 === 0 ? base : 0) }));
  await Promise.all([nodes[0].saveCursors(from(7)), nodes[1].saveCursors(from(9).toReversed())]);
  expect(await nodes[0].cursor('u0', 'd')).toBe(18);
  expect(await nodes[1].cursor('u1', 'd')).toBe(9);
});

test('the keys that all nodes share have one first ring, and nobody undoes what another replaced', async () => {
  const ring = (secret: string): KeyRing => ({ keys: [], ticket_secret: secret });
  const [left, right]: KeyStore[] = nodes.map((node) => node.keys<KeyRing>());
  if (!left || !right) throw new Error('two nodes have two key stores');
  expect(await left.load()).toBeNull();
  const first = await Promise.all([left.create(ring('left')), right.create(ring('right'))]);
  expect(first.filter(Boolean)).toHaveLength(1);
  await Promise.all([left.load(), right.load()]);
  await left.replace(ring('newer'));
  await expect(right.replace(ring('lost'))).rejects.toMatchObject({ name: 'StoreUnavailableError' });
  expect(await right.load()).toEqual(ring('newer'));
  await right.replace(ring('newest'));
  expect(await left.load()).toEqual(ring('newest'));
});
