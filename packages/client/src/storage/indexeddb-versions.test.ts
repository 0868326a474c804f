import { describe, expect, test } from 'bun:test';
import { openDB } from 'idb';
import { entry, fill, idsIn, indexedDbDevice, LATER, NAME } from '../testing/indexeddb-device.ts';
import { INDEXEDDB_STEPS, type IndexedDbStep } from './indexeddb-schema.ts';
import { LOCAL_TABLES } from './local-store.ts';
import { outboxOnStore } from './outbox-on-store.ts';

const { open } = indexedDbDevice();

describe('the outbox of version 1', () => {
  /** As the web app of version 1 made it: one database, one table with the entries as they are. */
  async function versionOne(entries: readonly unknown[]): Promise<void> {
    const database = await openDB('konferenco', 1, {
      upgrade: (made) => void made.createObjectStore('outbox', { keyPath: 'id' }),
    });
    for (const one of entries) await database.put('outbox', one);
    database.close();
  }
  async function leftInVersionOne(): Promise<readonly string[]> {
    const database = await openDB('konferenco', 1);
    const keys = await database.getAllKeys('outbox');
    database.close();
    return keys.map(String);
  }

  // proves LS-8
  test('is taken over with every unsent entry, oldest first, and each person gets their own', async () => {
    await versionOne([entry(1), entry(2), entry(3, 'aroha'), entry(4)]);
    const { store, notice } = await open();
    expect(notice).toBeNull();
    const entries = await outboxOnStore({ store, lost: () => {} }).load();
    expect(entries).toEqual([entry(4), entry(2), entry(1)]);
    expect(await leftInVersionOne()).toEqual(['e3']);
    const other = await open(INDEXEDDB_STEPS, 'aroha');
    expect(await idsIn(other.store)).toEqual(['e3']);
    expect(await leftInVersionOne()).toEqual([]);
  });

  // proves LS-8
  test('is taken over again when it was interrupted between keeping here and deleting there', async () => {
    await versionOne([entry(1), entry(2)]);
    const remove = IDBObjectStore.prototype.delete;
    IDBObjectStore.prototype.delete = () => {
      throw new DOMException('the power went', 'AbortError');
    };
    const interrupted = await open();
    IDBObjectStore.prototype.delete = remove;
    expect(await idsIn(interrupted.store)).toEqual(['e1', 'e2']);
    expect(await leftInVersionOne()).toEqual(['e1', 'e2']);
    await interrupted.store.close();
    const { store, notice } = await open();
    expect(notice).toBeNull();
    expect(await idsIn(store)).toEqual(['e1', 'e2']);
    expect(await leftInVersionOne()).toEqual([]);
  });

  test('is left alone where an entry is not one, and no database is made where there was none', async () => {
    await open();
    expect((await indexedDB.databases()).map(({ name }) => name)).toEqual([NAME]);
    await versionOne([entry(1), { id: 'strange' }, { ...entry(2), envelope: 'no JSON' }]);
    const { store } = await open();
    expect(await idsIn(store)).toEqual(['e1']);
    expect(await leftInVersionOne()).toEqual(['e2', 'strange']);
  });

  // proves LS-5, LS-8
  test('waits where it is when there is no room for it here, and that is said', async () => {
    await versionOne([entry(1)]);
    const restore = noRoom();
    const { store, notice } = await open();
    restore();
    expect([store.kind, notice?.kind]).toEqual(['durable', 'full']);
    expect(await leftInVersionOne()).toEqual(['e1']);
  });
});

/** Puts fail as they do at the browser's quota, until what this returns is called. */
function noRoom(): () => void {
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = () => {
    throw new DOMException('no room', 'QuotaExceededError');
  };
  return () => {
    IDBObjectStore.prototype.put = put;
  };
}

describe('versions', () => {
  test('the steps make every table the port names', async () => {
    const { store } = await open();
    for (const table of LOCAL_TABLES) await store.write([{ table, key: 'a', value: table }]);
    for (const table of LOCAL_TABLES) expect(await store.get(table, 'a')).toBe(table);
  });

  // proves LS-8
  test('a store of a newer version is left alone, and there is one in memory', async () => {
    const newer = await open(LATER);
    await fill(newer.store, 3);
    await newer.store.close();
    const { store, notice } = await open();
    expect([store.kind, notice?.kind]).toEqual(['memory', 'newer']);
    await store.write([{ table: 'meta', key: 'a', value: 1 }]);
    const again = await open(LATER);
    expect(again.notice).toBeNull();
    expect(await idsIn(again.store)).toEqual(['e0', 'e1', 'e2']);
    expect(await again.store.get('meta', 'a')).toBeUndefined();
  });

  // proves LS-8
  test('an upgrade that was interrupted changed nothing, and is done at the next start', async () => {
    const before = await open();
    await fill(before.store, 3);
    await before.store.close();
    const broken: readonly IndexedDbStep[] = [
      ...LATER,
      {
        version: 4,
        apply() {
          throw new Error('the power went');
        },
      },
    ];
    expect((await open(broken)).notice?.kind).toBe('memory');
    const { store, notice } = await open(LATER);
    expect(notice).toBeNull();
    expect(await idsIn(store)).toEqual(['e0', 'e1', 'e2']);
  });
});
