import { afterAll, beforeAll } from 'bun:test';
import { openPostgresStore } from '../../packages/server/src/adapters/postgres/store.ts';
import { describeStoreContract } from '../../packages/testkit/src/contracts/index.ts';
import { type RunningProgram, startPostgres } from '../../packages/testkit/src/servers/index.ts';

let server: RunningProgram;
let schemas = 0;
beforeAll(async () => {
  server = await startPostgres();
}, 240_000);
afterAll(async () => {
  await server.kill();
  await server.stop();
});

describeStoreContract('the PostgreSQL store', async ({ now }) => {
  const store = await openPostgresStore({ url: server.url, schema: `s${++schemas}`, now });
  return { store, dispose: () => store.close() };
});
