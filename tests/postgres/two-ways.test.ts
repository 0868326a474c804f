import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Command, Outcome } from '@konferenco/core';
import fc from 'fast-check';
import { openPostgresStore, type PostgresStore } from '../../packages/server/src/adapters/postgres/store.ts';
import { type RunningProgram, startPostgres } from '../../packages/testkit/src/servers/index.ts';
import { append, readAll } from './support.ts';

let server: RunningProgram;
/** One writes batches of appends straight; the other is made to decide on every one of them. */
let straight: PostgresStore;
let decided: PostgresStore;
beforeAll(async () => {
  server = await startPostgres();
  const open = (schema: string) => openPostgresStore({ url: server.url, schema, now: () => Date.now() });
  [straight, decided] = await Promise.all([open('straight'), open('decided')]);
}, 240_000);
afterAll(async () => {
  await Promise.all([straight.close(), decided.close()]);
  await server.stop();
});

const USERS = ['ann', 'bob', 'čiča'];
const LOGS = ['ch:hall', 'ch:žába 🐸', 'dm:ann:bob'];
const reason = fc.constantFrom('direct' as const, 'mention' as const, 'notice' as const);
const said = fc.record({
  log: fc.constantFrom(...LOGS),
  sender: fc.constantFrom(...USERS),
  thread: fc.option(fc.constantFrom('t1', 't2'), { nil: undefined }),
  text: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
  notify: fc.uniqueArray(fc.record({ user: fc.constantFrom(...USERS), reason }), { selector: ({ user }) => user }),
});
/** Batches of commands of appends; some offer the id of an entry before, in the same batch or an earlier one. */
const batches = fc.array(
  fc.array(fc.array(fc.tuple(said, fc.integer({ min: 0, max: 9 })), { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 6,
  }),
  { minLength: 1, maxLength: 5 },
);

const told = (outcomes: readonly Outcome[]) =>
  outcomes.map((outcome) => ('at' in outcome ? { ...outcome, at: 0 } : outcome));

async function everything(store: PostgresStore): Promise<unknown> {
  const range = { after: 0, limit: 10_000, max_bytes: 10_000_000 };
  const logs = await Promise.all(LOGS.map((log) => readAll(store, log)));
  const inboxes = await Promise.all(USERS.map(async (user) => (await store.readInbox(user, range)).entries));
  return JSON.parse(JSON.stringify([logs, inboxes], (key, value) => (key === 'at' ? 0 : value)));
}

// proves ST-4, ST-6
test('appends come to the same, whether they are written straight or decided on', async () => {
  await fc.assert(
    fc.asyncProperty(batches, async (plan) => {
      const offered: string[] = [];
      for (const batch of plan) {
        const commands: Command[] = batch.map((entries) => ({
          appends: entries.map(([entry, again]) => {
            const { thread, text, ...rest } = entry;
            const id = offered[again * 7];
            const made = append(entry.log, {
              ...rest,
              ...(thread === undefined ? {} : { thread }),
              ...(text === undefined ? {} : { text }),
              ...(id === undefined ? {} : { id }),
            });
            offered.push(made.id);
            return made;
          }),
        }));
        const one = await straight.commit(commands);
        const decision = { changes: [{ collection: 'decided', key: 'row', value: offered.length }] };
        const [, ...other] = await decided.commit([decision, ...commands]);
        expect(told(one)).toEqual(told(other));
      }
      expect(await everything(straight)).toEqual(await everything(decided));
    }),
    { numRuns: 40 },
  );
  for (const store of [straight, decided]) expect(store.health().damage).toEqual([]);
}, 240_000);
