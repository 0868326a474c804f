import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../../packages/server/src/adapters/embedded/store.ts';
import { createMemoryStore } from '../../packages/server/src/adapters/memory/store.ts';
import { describeStoreContract } from '../../packages/testkit/src/contracts/index.ts';

describeStoreContract('the memory store', async ({ now }) => {
  const store = createMemoryStore({ now });
  return { store, dispose: () => store.close() };
});

describeStoreContract('the embedded store', async ({ now }) => {
  const dir = await mkdtemp(join(tmpdir(), 'konferenco-store-'));
  const store = await openEmbeddedStore({ dir, now, inspectAfterMs: null });
  return {
    store,
    async dispose() {
      await store.close();
      await rm(dir, { recursive: true });
    },
  };
});
