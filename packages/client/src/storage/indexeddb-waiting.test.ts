import { afterEach, beforeEach, expect, test } from 'bun:test';
import type { Tokens } from '@konferenco/protocol';
import { openDB } from 'idb';
import { installFakeIndexedDb } from '../testing/fake-indexeddb.ts';
import type { OutboxEntry } from '../types.ts';
import { indexedDbBackend } from './indexeddb-backend.ts';
import { INDEXEDDB_STEPS } from './indexeddb-schema.ts';
import { indexedDbTokens } from './indexeddb-tokens.ts';
import { indexedDbWaiting } from './indexeddb-waiting.ts';
import { openLocalStore } from './open-local-store.ts';
import { outboxOnStore } from './outbox-on-store.ts';
import { storeName } from './store-name.ts';

const ACCOUNT = { url: 'http://server.test', user: 'mere' };
const entry = (id: string): OutboxEntry => ({ id, log: 'ch:hall', envelope: `{"id":"${id}"}`, created_at: 1 });
const names = async () => (await indexedDB.databases()).map(({ name }) => name);

let uninstall = (): void => {};
beforeEach(() => {
  uninstall = installFakeIndexedDb();
});
afterEach(() => uninstall());

const openPage = async (steps = INDEXEDDB_STEPS) =>
  (await openLocalStore({ ...ACCOUNT, backend: indexedDbBackend({ steps }) })).store;

test('it reads what a page wrote, and its notes are the page’s to read', async () => {
  const store = await openPage();
  const page = outboxOnStore({ store, lost: () => {} });
  await page.put(entry('e1'));
  await page.put(entry('e2'));
  const waiting = indexedDbWaiting(ACCOUNT);
  expect(await waiting.load()).toEqual({ entries: [entry('e1'), entry('e2')], settled: [] });
  await waiting.note(['e1 1']);
  expect((await waiting.load())?.settled).toEqual(['e1 1']);
  expect(await store.get('meta', 'background')).toEqual(['e1 1']);
  expect(await page.load()).toHaveLength(2);
});

test('rows that are not as they were written are left alone, and the others read', async () => {
  const store = await openPage();
  await outboxOnStore({ store, lost: () => {} }).put(entry('e1'));
  const database = await openDB(storeName(ACCOUNT));
  await database.put('outbox', 'garbled', 'e0');
  await database.put('meta', 'garbled', 'background');
  database.close();
  expect(await indexedDbWaiting(ACCOUNT).load()).toEqual({ entries: [entry('e1')], settled: [] });
});

test('a store that is not there stays so, and one of another version is left as it is', async () => {
  expect(await indexedDbWaiting(ACCOUNT).load()).toBeNull();
  await indexedDbWaiting(ACCOUNT).note(['e1 1']);
  expect(await names()).toEqual([]);
  const store = await openPage([...INDEXEDDB_STEPS, { version: 3, apply: () => {} }]);
  await outboxOnStore({ store, lost: () => {} }).put(entry('e1'));
  expect(await indexedDbWaiting(ACCOUNT).load()).toBeNull();
});

const tokens = (refresh_token: string): Tokens => ({
  access_token: 'a',
  refresh_token,
  expires_at: 1,
  user: { id: 'mere', name: 'Mere' },
  device_id: 'd',
});

// proves AP-18
test('a sign-in is kept by server, replaced only where it stands, and gone after signing out', async () => {
  const kept = indexedDbTokens('http://server.test');
  expect(await kept?.load()).toBeNull();
  await kept?.save(tokens('r1'));
  expect(await indexedDbTokens('http://server.test/')?.load()).toEqual(tokens('r1'));
  expect(await indexedDbTokens('http://other.test')?.load()).toBeNull();
  expect(await kept?.replace('r1', tokens('r2'))).toBe(true);
  expect(await kept?.replace('r1', tokens('r3'))).toBe(false);
  expect(await kept?.load()).toEqual(tokens('r2'));
  await kept?.save(null);
  expect(await kept?.replace('r2', tokens('r3'))).toBe(false);
  expect(await kept?.load()).toBeNull();
});
