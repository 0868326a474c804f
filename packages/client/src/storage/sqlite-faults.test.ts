import { describe, expect, test } from 'bun:test';
import { copyFile, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ACCOUNT, fill, PAGE_BYTES, sqliteDevice, upTo, waiting } from '../testing/sqlite-device.ts';
import type { LocalStore } from './local-store.ts';
import { bunSqlitePlatform } from './sqlite-bun.ts';
import type { SqliteDriver, SqlitePlatform } from './sqlite-driver.ts';
import { SQLITE_STEPS, type SqliteStep } from './sqlite-schema.ts';
import { storeName } from './store-name.ts';

const ALL = { prefix: '', limit: 10_000 } as const;

const device = sqliteDevice();
const { open } = device;

// proves LS-2
test('a write waits for the disk: every commit is synced', async () => {
  const platform = bunSqlitePlatform(device.folder);
  const drivers: SqliteDriver[] = [];
  const watched: SqlitePlatform = {
    ...platform,
    async open(name) {
      const driver = await platform.open(name);
      drivers.push(driver);
      return driver;
    },
  };
  const { store } = await open(SQLITE_STEPS, watched);
  const [driver] = drivers;
  expect(await driver?.all({ sql: 'PRAGMA journal_mode', values: [] })).toEqual([{ journal_mode: 'wal' }]);
  expect(await driver?.all({ sql: 'PRAGMA synchronous', values: [] })).toEqual([{ synchronous: 2 }]);
  await store.close();
});

describe('a full disk', () => {
  /** A device whose databases have no room beyond some pages. */
  function small(pages: number): SqlitePlatform {
    const platform = bunSqlitePlatform(device.folder);
    return {
      ...platform,
      async open(name) {
        const driver = await platform.open(name);
        await driver.all({ sql: `PRAGMA max_page_count = ${pages}`, values: [] });
        return driver;
      },
    };
  }

  // proves LS-1, LS-5
  test('a write that does not fit is refused as full, whole; what was kept stays, and room made is room again', async () => {
    const { store } = await open(SQLITE_STEPS, small(60));
    await store.write([{ table: 'meta', key: 'kept', value: 'before' }]);
    const large = { table: 'entries', key: 'large', value: 'x'.repeat(60 * PAGE_BYTES) } as const;
    const refused = store.write([{ table: 'meta', key: 'kept', value: 'after' }, large]);
    await expect(refused).rejects.toMatchObject({ name: 'LocalStoreError', fault: 'full' });
    expect(await store.get('meta', 'kept')).toBe('before');
    expect(await store.list('entries', ALL)).toEqual([]);
    const half = { ...large, value: 'x'.repeat(35 * PAGE_BYTES) };
    await store.write([half]);
    await expect(store.write([{ ...half, key: 'second' }])).rejects.toMatchObject({ fault: 'full' });
    await store.drop('entries', 'large');
    await store.write([{ ...half, key: 'second' }]);
    expect((await store.list('entries', ALL)).map(({ key }) => key)).toEqual(['second']);
    await store.close();
  });

  // proves LS-6
  test('where not even an empty store fits, there is one in memory, and a notice', async () => {
    const { store, notice } = await open(SQLITE_STEPS, small(2));
    expect([store.kind, notice?.kind]).toEqual(['memory', 'full']);
    await store.write([{ table: 'meta', key: 'a', value: 1 }]);
    expect(await store.get('meta', 'a')).toBe(1);
  });
});

describe('versions', () => {
  const LATER: readonly SqliteStep[] = [
    ...SQLITE_STEPS,
    { version: 2, statements: ['CREATE TABLE later (a TEXT)', 'INSERT INTO later SELECT key FROM outbox'] },
    { version: 3, statements: ['ALTER TABLE later ADD COLUMN b TEXT'] },
  ];

  // proves LS-8
  test('a store of any earlier version is brought up to date with all its rows', async () => {
    for (let version = 1; version < LATER.length; version++) {
      const earlier = await open(LATER.slice(0, version));
      await fill(earlier.store, 20);
      await earlier.store.close();
      const { store, notice } = await open(LATER);
      expect(notice).toBeNull();
      expect(await waiting(store)).toEqual(upTo(20));
      await store.close();
      await rm(device.database);
    }
  });

  // proves LS-8
  test('a migration that was interrupted goes on where it was', async () => {
    const before = await open(LATER.slice(0, 1));
    await fill(before.store, 20);
    await before.store.close();
    const broken = LATER.map((step) =>
      step.version === 3 ? { ...step, statements: ['CREATE TABLE third (a)', 'NO SQL'] } : step,
    );
    expect((await open(broken)).notice?.kind).toBe('memory');
    const driver = await bunSqlitePlatform(device.folder).open(`${storeName(ACCOUNT)}.sqlite`);
    expect(await driver.all({ sql: 'SELECT max(version) AS v FROM schema_steps', values: [] })).toEqual([{ v: 2 }]);
    expect(await driver.all({ sql: "SELECT name FROM sqlite_schema WHERE name = 'third'", values: [] })).toEqual([]);
    await driver.close();
    const { store, notice } = await open(LATER);
    expect(notice).toBeNull();
    expect(await waiting(store)).toEqual(upTo(20));
    await store.close();
  });

  test('two programs that bring the same store up to date at once take each step once', async () => {
    const before = await open(LATER.slice(0, 1));
    await fill(before.store, 5);
    await before.store.close();
    const platform = bunSqlitePlatform(device.folder);
    const others: LocalStore[] = [];
    // The other program is done between this one's look at the version and its first step.
    const overtaken: SqlitePlatform = {
      ...platform,
      async open(name) {
        const driver = await platform.open(name);
        return {
          ...driver,
          async transaction(calls) {
            if (others.length === 0) others.push((await open(LATER)).store);
            return driver.transaction(calls);
          },
        };
      },
    };
    const { store, notice } = await open(LATER, overtaken);
    expect([notice, others.length]).toEqual([null, 1]);
    expect(await waiting(store)).toEqual(upTo(5));
    for (const one of [store, ...others]) await one.close();
  });

  // proves LS-8
  test('a store of a newer version is left alone, byte for byte, and there is one in memory', async () => {
    const newer = await open(LATER);
    await fill(newer.store, 5);
    await newer.store.close();
    const before = join(device.folder, 'before');
    await copyFile(device.database, before);
    const { store, notice } = await open();
    expect([store.kind, notice?.kind]).toEqual(['memory', 'newer']);
    await store.write([{ table: 'meta', key: 'a', value: 1 }]);
    await store.close();
    expect(Buffer.compare(await readFile(device.database), await readFile(before))).toBe(0);
    expect((await readdir(device.folder)).toSorted()).toEqual(['before', `${storeName(ACCOUNT)}.sqlite`]);
  });
});

test('a driver that answers later gives the same store: nothing is read inside of a write', async () => {
  const platform = bunSqlitePlatform(device.folder);
  const calls: string[] = [];
  const late: SqlitePlatform = {
    ...platform,
    async open(name) {
      const driver = await platform.open(name);
      return {
        ...driver,
        all: async (call) => {
          calls.push('read');
          return driver.all(call);
        },
        transaction: async (all) => {
          calls.push('begin');
          await Promise.resolve().then(() => {});
          await driver.transaction(all);
          calls.push('end');
        },
      };
    },
  };
  const { store } = await open(SQLITE_STEPS, late);
  calls.length = 0;
  const writing = store.write([{ table: 'meta', key: 'a', value: 1 }]);
  const reading = store.get('meta', 'a');
  await writing;
  expect(await reading).toBe(1);
  expect(calls).toEqual(['begin', 'end', 'read']);
  await store.close();
});
