import { afterAll, beforeAll } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalStore } from '@konferenco/client/storage';
import { memoryStore } from '@konferenco/client/storage';
import { indexedDbBackend } from '@konferenco/client/indexeddb';
import { bunSqlitePlatform } from '@konferenco/client/sqlite-bun';
import { nodeSqlitePlatform } from '@konferenco/client/sqlite-node';
import { sqliteBackend } from '@konferenco/client/sqlite';
import type { SqlitePlatform } from '@konferenco/client/sqlite-driver';
import { describeLocalStoreContract, type OpenStoreUnderTest } from '@konferenco/testkit/contracts';
import { installFakeIndexedDb } from '../../packages/client/src/testing/fake-indexeddb.ts';

const ACCOUNT = { url: 'http://server.test', user: 'mere' };

describeLocalStoreContract('the memory store', async () => {
  const store = memoryStore();
  return { store, again: null, damage: null, dispose: () => store.close() };
});

let uninstall = (): void => {};
beforeAll(() => {
  uninstall = installFakeIndexedDb();
});
afterAll(() => uninstall());

let accounts = 0;
describeLocalStoreContract('IndexedDB', async () => {
  const account = { ...ACCOUNT, user: `u${++accounts}` };
  const backend = indexedDbBackend();
  if (!backend) throw new Error('no IndexedDB');
  const stores: LocalStore[] = [];
  const again = async () => {
    const store = await backend.open(account);
    stores.push(store);
    return store;
  };
  return {
    store: await again(),
    again,
    async damage(table, key) {
      const [name = ''] = await backend.names();
      const database = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => resolve(request.result);
      });
      const transaction = database.transaction(table, 'readwrite');
      transaction.objectStore(table).put('00000000"x"', key);
      await new Promise((resolve) => {
        transaction.oncomplete = resolve;
      });
      database.close();
    },
    async dispose() {
      await Promise.all(stores.map((store) => store.close()));
      for (const name of await backend.names()) await backend.remove(name);
    },
  };
});

describeLocalStoreContract('SQLite of Bun', onFiles(bunSqlitePlatform));
describeLocalStoreContract('SQLite of Node', onFiles(nodeSqlitePlatform));

function onFiles(platformOf: (folder: string) => SqlitePlatform): OpenStoreUnderTest {
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'konferenco-device-'));
    const platform = platformOf(folder);
    const backend = sqliteBackend(platform);
    const stores: LocalStore[] = [];
    const again = async () => {
      const store = await backend.open(ACCOUNT);
      stores.push(store);
      return store;
    };
    return {
      store: await again(),
      again,
      async damage(table, key) {
        const driver = await platform.open((await platform.names())[0] ?? '');
        await driver.transaction([
          { sql: `UPDATE ${table} SET value = replace(value, '1', '2') WHERE key = ?`, values: [key] },
        ]);
        await driver.close();
      },
      async dispose() {
        await Promise.all(stores.map((store) => store.close()));
        await rm(folder, { recursive: true });
      },
    };
  };
}
