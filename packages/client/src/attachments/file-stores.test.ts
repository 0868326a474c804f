import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexedDbBackend } from '../storage/indexeddb-backend.ts';
import { bunSqlitePlatform } from '../storage/sqlite-bun.ts';
import { installFakeIndexedDb } from '../testing/fake-indexeddb.ts';
import type { FileStore } from './file-store.ts';
import { indexedDbFileStore } from './indexeddb-file-store.ts';
import { memoryFileStore } from './memory-file-store.ts';
import { sqliteFileStore } from './sqlite-file-store.ts';

const ACCOUNT = { url: 'http://server.test', user: 'mere' };
let folder = '';
let uninstall = () => {};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'konferenco-files-'));
  uninstall = installFakeIndexedDb();
});
afterEach(() => {
  uninstall();
  rmSync(folder, { recursive: true, force: true });
});

const STORES: Readonly<Record<string, { readonly again: boolean; readonly open: () => Promise<FileStore> }>> = {
  memory: { again: false, open: async () => memoryFileStore() },
  indexeddb: { again: true, open: () => indexedDbFileStore(ACCOUNT) },
  sqlite: { again: true, open: () => sqliteFileStore(bunSqlitePlatform(folder), ACCOUNT) },
};

/** More than one piece, and every byte. */
const BYTES = Uint8Array.from({ length: 600_000 }, (_, index) => index % 256);

for (const [name, { open, again }] of Object.entries(STORES)) {
  describe(name, () => {
    test('gives files and records back as they were, also to the next run of the program', async () => {
      const store = await open();
      await store.write([
        { table: 'records', key: 'outgoing/b', value: { files: ['ā'] } },
        { table: 'records', key: 'outgoing/a', value: 1 },
        { table: 'records', key: 'other/a', value: 2 },
        { table: 'blobs', key: 'outgoing/a/0', value: new Blob([BYTES], { type: 'image/png' }) },
      ]);
      if (again) await store.close();
      const reader = again ? await open() : store;
      expect(await reader.records('outgoing/')).toEqual([
        { key: 'outgoing/a', value: 1 },
        { key: 'outgoing/b', value: { files: ['ā'] } },
      ]);
      const blob = await reader.blob('outgoing/a/0');
      expect(blob?.type).toBe('image/png');
      expect(new Uint8Array((await blob?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(BYTES);
      await reader.write([{ table: 'blobs', key: 'outgoing/a/0', value: undefined }]);
      expect(await reader.blob('outgoing/a/0')).toBeUndefined();
      await reader.clear();
      expect(await reader.records('')).toEqual([]);
      await reader.close();
    });
  });
}

test('the database of files is none of the account’s store, and goes with it', async () => {
  const backend = indexedDbBackend();
  const files = await indexedDbFileStore(ACCOUNT);
  await files.write([{ table: 'records', key: 'a', value: 1 }]);
  await files.close();
  const store = await backend?.open(ACCOUNT);
  await store?.write([{ table: 'meta', key: 'me', value: 'mere' }]);
  expect(await store?.get('meta', 'me')).toBe('mere');
  await store?.close();
  const [name = ''] = (await backend?.names()) ?? [];
  await backend?.remove(name);
  expect(await (await indexedDbFileStore(ACCOUNT)).records('')).toEqual([]);
});
