import { describe, expect, test } from 'bun:test';
import { openDB } from 'idb';
import { ACCOUNT, entry, fill, idsIn, indexedDbDevice, LATER, NAME } from '../testing/indexeddb-device.ts';
import { settle } from '../testing/virtual-clock.ts';
import { INDEXEDDB_STEPS } from './indexeddb-schema.ts';
import { removeLocalStores } from './open-local-store.ts';
import { storeName } from './store-name.ts';

const device = indexedDbDevice();
const { backend, open } = device;

// proves LS-2
test('a write waits for the disk: every writing transaction is strict', async () => {
  const { store } = await open();
  const { transaction } = IDBDatabase.prototype;
  const asked: unknown[] = [];
  IDBDatabase.prototype.transaction = function (names, mode, options) {
    if (mode === 'readwrite') asked.push(options?.durability);
    return transaction.call(this, names, mode, options);
  };
  await store.write([{ table: 'meta', key: 'a', value: 1 }]);
  await store.drop('meta', 'a');
  IDBDatabase.prototype.transaction = transaction;
  expect(asked).toEqual(['strict', 'strict']);
});

describe('several tabs', () => {
  // proves LS-9
  test('a tab makes way for the upgrade of another, and then says that the store is newer', async () => {
    const older = await open();
    await fill(older.store, 2);
    const newer = await open(LATER);
    expect(newer.notice).toBeNull();
    expect(await idsIn(newer.store)).toEqual(['e0', 'e1']);
    await expect(older.store.get('outbox', 'e0')).rejects.toMatchObject({ fault: 'newer' });
  });

  test('two tabs that upgrade at once both end at the new version', async () => {
    const older = await open();
    await fill(older.store, 2);
    const both = await Promise.all([open(LATER), open(LATER)]);
    expect(both.map(({ notice }) => notice)).toEqual([null, null]);
    await both[0].store.write([{ table: 'meta', key: 'a', value: 1 }]);
    expect(await both[1].store.get('meta', 'a')).toBe(1);
  });

  // proves LS-9
  test('a tab that does not make way is waited for so long and no longer; late room is given back', async () => {
    const before = await open();
    await fill(before.store, 2);
    await before.store.close();
    const stuck = await openDB(NAME);
    const opening = open(LATER);
    while (device.clock.pending === 0) await settle();
    await device.clock.pass(5_000);
    const { store, notice } = await opening;
    expect([store.kind, notice?.kind]).toEqual(['memory', 'memory']);
    stuck.close();
    const next = await open(LATER);
    expect(next.notice).toBeNull();
    expect(await idsIn(next.store)).toEqual(['e0', 'e1']);
  });

  // proves LS-10
  test('the store of somebody who signed out in another tab is not made anew here', async () => {
    const { store } = await open();
    await fill(store, 1);
    const kept = { ...ACCOUNT, user: 'aroha' };
    await open(INDEXEDDB_STEPS, kept.user);
    const here = backend();
    if (!here) throw new Error('no backend');
    expect(await removeLocalStores(here, [kept])).toEqual([NAME]);
    await expect(store.write([{ table: 'meta', key: 'a', value: 1 }])).rejects.toMatchObject({ fault: 'unavailable' });
    expect(await here.names()).toEqual([storeName(kept)]);
  });

  // proves LS-9
  test('a connection that the browser closed by itself is opened again', async () => {
    const opened: IDBDatabase[] = [];
    const native = indexedDB.open.bind(indexedDB);
    indexedDB.open = (name, version) => {
      const request = native(name, version);
      request.addEventListener('success', () => opened.push(request.result));
      return request;
    };
    const { store } = await open();
    await fill(store, 2);
    const database = opened.find(({ name }) => name === NAME);
    database?.close();
    database?.dispatchEvent(new IDBVersionChangeEvent('close'));
    expect(await idsIn(store)).toEqual(['e0', 'e1']);
    await store.write([{ table: 'meta', key: 'a', value: 1 }]);
    expect(await store.get('meta', 'a')).toBe(1);
  });
});

describe('a browser that cannot', () => {
  // proves LS-1, LS-5
  test('a write beyond the quota is refused as full, whole, and what was kept stays', async () => {
    const { store } = await open();
    await fill(store, 2);
    const { put } = IDBObjectStore.prototype;
    let left = 1;
    IDBObjectStore.prototype.put = function (...args) {
      if (left-- > 0) return put.apply(this, args);
      throw new DOMException('no room', 'QuotaExceededError');
    };
    const writing = store.write([
      { table: 'outbox', key: 'e0', value: 'changed' },
      { table: 'outbox', key: 'e9', value: 'new' },
    ]);
    await expect(writing).rejects.toMatchObject({ name: 'LocalStoreError', fault: 'full' });
    IDBObjectStore.prototype.put = put;
    expect(await store.get('outbox', 'e0')).toEqual(entry(0));
    expect(await idsIn(store)).toEqual(['e0', 'e1']);
  });

  // proves LS-6
  test('without IndexedDB, or with one that refuses, there is a store in memory and a notice', async () => {
    indexedDB.open = () => {
      throw new DOMException('not in private mode', 'SecurityError');
    };
    const refused = await open();
    expect([refused.store.kind, refused.notice?.kind]).toEqual(['memory', 'memory']);
    device.uninstall();
    expect(backend()).toBeNull();
    const missing = await open();
    expect([missing.store.kind, missing.notice?.kind]).toEqual(['memory', 'memory']);
    await missing.store.write([{ table: 'meta', key: 'a', value: 1 }]);
    expect(await missing.store.get('meta', 'a')).toBe(1);
  });
});

describe('a damaged database', () => {
  async function behind(work: (outbox: IDBObjectStore) => void): Promise<void> {
    const database = await openDB(NAME);
    const transaction = database.transaction('outbox', 'readwrite');
    work(transaction.objectStore('outbox') as unknown as IDBObjectStore);
    await transaction.done;
    database.close();
  }

  // proves LS-7
  test('is set aside as it is, and the next one holds the unsent entries that can be read', async () => {
    const before = await open();
    await fill(before.store, 3);
    await before.store.write([{ table: 'meta', key: 'a', value: 1 }]);
    await before.store.close();
    await behind((outbox) => void outbox.put('00000000{"id":"e1"}', 'e1'));
    const { store, notice } = await open();
    expect(notice).toMatchObject({ kind: 'recovered', saved: 2, lost: 1 });
    expect(store.kind).toBe('durable');
    expect(await idsIn(store)).toEqual(['e0', 'e2']);
    expect(await store.get('meta', 'a')).toBeUndefined();
    await store.write([{ table: 'meta', key: 'b', value: 2 }]);
    await store.close();
    const aside = await openDB(NAME);
    expect(await aside.getAllKeys('outbox')).toEqual(['e0', 'e1', 'e2']);
    aside.close();
    const next = await open();
    expect(next.notice).toBeNull();
    expect(await next.store.get('meta', 'b')).toBe(2);
  });

  // proves LS-7
  test('found by two tabs at once is set aside once: both go on with the same store', async () => {
    const before = await open();
    await fill(before.store, 3);
    await before.store.close();
    await behind((outbox) => void outbox.put('nonsense', 'e1'));
    const slow = backend();
    await (await slow?.open(ACCOUNT))?.close();
    const one = await open();
    expect(one.notice).toMatchObject({ kind: 'recovered', saved: 2, lost: 1 });
    const other = await slow?.recover(ACCOUNT);
    expect(other).toMatchObject({ saved: 2, lost: 1 });
    await one.store.write([{ table: 'meta', key: 'a', value: 1 }]);
    expect(await other?.store.get('meta', 'a')).toBe(1);
    expect(await indexedDB.databases()).toHaveLength(2);
  });

  // proves LS-7
  test('whose tables are gone is set aside too, and nobody can say what was lost', async () => {
    const empty = await openDB(NAME, 2, { upgrade: () => {} });
    empty.close();
    const { store, notice } = await open();
    expect(notice).toMatchObject({ kind: 'recovered', saved: 0, lost: null });
    await fill(store, 1);
    expect(await idsIn(store)).toEqual(['e0']);
  });

  test('one set aside is deleted with the store of who signed out', async () => {
    const before = await open();
    await fill(before.store, 3);
    await before.store.close();
    await behind((outbox) => void outbox.put('nonsense', 'e1'));
    await (await open()).store.close();
    expect(await indexedDB.databases()).toHaveLength(2);
    const here = backend();
    expect(await here?.names()).toEqual([NAME]);
    await here?.remove(NAME);
    expect(await indexedDB.databases()).toEqual([]);
  });
});
