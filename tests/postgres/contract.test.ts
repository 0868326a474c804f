import { openPostgresStore } from '../../packages/server/src/adapters/postgres/store.ts';
import { describeStoreContract } from '../../packages/testkit/src/contracts/index.ts';
import { newSchema, usePostgres } from './support.ts';

const server = usePostgres();

describeStoreContract('the PostgreSQL store', async ({ now }) => {
  const store = await openPostgresStore({ url: server().url, schema: newSchema(), now });
  return { store, dispose: () => store.close() };
});
