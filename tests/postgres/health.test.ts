import { afterAll, beforeAll, expect, test } from 'bun:test';
import { openPostgresStore, type PostgresStore } from '../../packages/server/src/adapters/postgres/store.ts';
import { type RunningProgram, startPostgres } from '../../packages/testkit/src/servers/index.ts';
import { until } from '../system/support/until.ts';
import { append } from './support.ts';

let server: RunningProgram;
let writing: PostgresStore;
let reading: PostgresStore;
beforeAll(async () => {
  server = await startPostgres();
  const options = { url: server.url, answerMs: 500 };
  [writing, reading] = await Promise.all([openPostgresStore(options), openPostgresStore(options)]);
}, 240_000);
afterAll(async () => {
  await Promise.all([writing, reading].map((node) => node.close()));
  await server.kill();
  await server.stop();
});

/** Milliseconds that a server on a slow machine may take to end or to start. */
const PATIENCE_MS = 60_000;

// proves ST-18
test('a node says that its database is away although nobody writes there, and that it is back although nobody dares to', async () => {
  expect([writing, reading].map((node) => node.health().ok)).toEqual([true, true]);
  await server.kill();
  await expect(writing.commit([{ appends: [append('ch:a')] }])).rejects.toThrow();
  await until(() => !writing.health().ok && !reading.health().ok, 'both know that it is away', PATIENCE_MS);
  await server.restart();
  await until(() => writing.health().ok && reading.health().ok, 'both know that it is back', PATIENCE_MS);
  const [outcome] = await writing.commit([{ appends: [append('ch:a')] }]);
  expect(outcome?.kind).toBe('committed');
}, 240_000);
