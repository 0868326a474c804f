import { beforeEach, describe, expect, test } from 'bun:test';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ACCOUNT, entry, fill, PAGE_BYTES, sqliteDevice, upTo, waiting } from '../testing/sqlite-device.ts';
import type { LocalStore } from './local-store.ts';
import { removeLocalStores } from './open-local-store.ts';
import { bunSqliteBackend, bunSqlitePlatform } from './sqlite-bun.ts';
import { SqliteError, type SqlitePlatform } from './sqlite-driver.ts';
import { SQLITE_STEPS } from './sqlite-schema.ts';
import { storeName } from './store-name.ts';

const device = sqliteDevice();
const { open } = device;

describe('a damaged file', () => {
  beforeEach(async () => {
    const { store } = await open();
    await fill(store, 50);
    await store.close();
  });

  /** Opens what was damaged, and checks what holds however it was. */
  async function recovered(): Promise<{ store: LocalStore; saved: number; lost: number | null }> {
    const damaged = await readFile(device.database);
    const { store, notice } = await open();
    if (notice?.kind !== 'recovered') throw new Error(`not recovered but ${notice?.kind}`);
    expect(store.kind).toBe('durable');
    const aside = join(device.folder, `${storeName(ACCOUNT)}.damaged-1.sqlite`);
    expect(Buffer.compare(await readFile(aside), damaged)).toBe(0);
    expect((await waiting(store)).length).toBe(notice.saved);
    await store.write([{ table: 'meta', key: 'new', value: 1 }]);
    await store.close();
    const next = await open();
    expect(next.notice).toBeNull();
    expect(await next.store.get('meta', 'new')).toBe(1);
    expect((await waiting(next.store)).length).toBe(notice.saved);
    return { ...notice, store: next.store };
  }

  // proves LS-7
  test('cut short, it is set aside untouched and begun anew with the unsent entries that can be read', async () => {
    const { size } = Bun.file(device.database);
    await truncate(device.database, Math.floor(size / 2 / PAGE_BYTES) * PAGE_BYTES);
    const { store } = await recovered();
    await store.close();
  });

  // proves LS-7
  test('overwritten behind the outbox, every unsent entry is taken over', async () => {
    const bytes = await readFile(device.database);
    const place = bytes.lastIndexOf('x'.repeat(200));
    bytes.fill(0xa5, Math.floor(place / PAGE_BYTES) * PAGE_BYTES, Math.ceil(place / PAGE_BYTES) * PAGE_BYTES);
    await writeFile(device.database, bytes);
    const { store, saved, lost } = await recovered();
    expect([saved, lost]).toEqual([50, 0]);
    expect(await waiting(store)).toEqual(upTo(50));
    await store.close();
  });

  // proves LS-4, LS-7
  test('with one unsent entry changed, the others are taken over and the one is counted as lost', async () => {
    const driver = await bunSqlitePlatform(device.folder).open(`${storeName(ACCOUNT)}.sqlite`);
    const change = "UPDATE outbox SET value = replace(value, 'kia ora', 'kia orA') WHERE key = ?";
    await driver.transaction([{ sql: change, values: [entry(7).id] }]);
    await driver.close();
    const { store, saved, lost } = await recovered();
    expect([saved, lost]).toEqual([49, 1]);
    expect(await waiting(store)).toEqual(upTo(50).filter((n) => n !== 7));
    await store.close();
  });

  // proves LS-7
  test('what was written last and stands in the write-ahead log alone is taken over too', async () => {
    const { store: killed } = await open();
    await killed.write(upTo(60).map((n) => ({ table: 'outbox', key: entry(n).id, value: entry(n) })));
    const bytes = await readFile(device.database);
    const log = await readFile(`${device.database}-wal`);
    await killed.close();
    const place = bytes.lastIndexOf('x'.repeat(200));
    bytes.fill(0xa5, Math.floor(place / PAGE_BYTES) * PAGE_BYTES, Math.ceil(place / PAGE_BYTES) * PAGE_BYTES);
    await writeFile(device.database, bytes);
    await writeFile(`${device.database}-wal`, log);
    const { store, notice } = await open();
    expect(notice).toMatchObject({ kind: 'recovered', saved: 60, lost: 0 });
    expect(await waiting(store)).toEqual(upTo(60));
    await store.close();
  });

  // proves LS-7
  test('with a page of the outbox overwritten, what stands before and behind it is taken over', async () => {
    const bytes = await readFile(device.database);
    const page = Math.floor(bytes.indexOf('\\"id\\":\\"e0025') / PAGE_BYTES);
    bytes.fill(0, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
    await writeFile(device.database, bytes);
    const { store, saved, lost } = await recovered();
    expect(lost).toBeNull();
    expect(saved).toBeGreaterThanOrEqual(30);
    expect(saved).toBeLessThan(50);
    expect(await waiting(store)).toEqual(expect.arrayContaining([0, 49]));
    await store.close();
  });

  test.each([
    ['its beginning overwritten', (bytes: Buffer) => bytes.fill('not a database ', 0, PAGE_BYTES)],
    ['every page overwritten', (bytes: Buffer) => bytes.fill(0x5a)],
  ])('with %s, nothing can be read, and that is said', async (_, damage) => {
    await writeFile(device.database, damage(await readFile(device.database)));
    const { store, saved, lost } = await recovered();
    expect([saved, lost]).toEqual([0, null]);
    await store.close();
  });

  test('emptied, it is a new store: nothing tells it from one', async () => {
    await truncate(device.database, 0);
    const { store, notice } = await open();
    expect(notice).toBeNull();
    expect(await waiting(store)).toEqual([]);
    await store.close();
  });

  test('damaged twice, both are kept; signing out deletes them with the store', async () => {
    for (const round of [1, 2]) {
      await writeFile(device.database, `nonsense ${round} `.repeat(1_000));
      const { store, notice } = await open();
      expect(notice?.kind).toBe('recovered');
      await store.close();
    }
    expect((await readdir(device.folder)).filter((file) => file.includes('damaged'))).toHaveLength(2);
    const backend = bunSqliteBackend(device.folder);
    const other = { ...ACCOUNT, user: 'aroha' };
    await (await backend.open(other)).close();
    expect(await removeLocalStores(backend, [other])).toEqual([storeName(ACCOUNT)]);
    expect(await readdir(device.folder)).toEqual([`${storeName(other)}.sqlite`]);
  });

  // proves LS-7
  test('is set aside by one program at a time: another does without, and touches nothing', async () => {
    await writeFile(device.database, 'nonsense '.repeat(1_000));
    const other = await bunSqlitePlatform(device.folder).open(`${storeName(ACCOUNT)}.lock.sqlite`);
    await other.exec('BEGIN EXCLUSIVE');
    const { notice } = await open();
    expect(notice).toMatchObject({ kind: 'memory', cause: { fault: 'unavailable' } });
    expect((await readFile(device.database, 'utf8')).startsWith('nonsense')).toBe(true);
    await other.close();
    const { store, notice: later } = await open();
    expect(later?.kind).toBe('recovered');
    await store.close();
  });

  // proves LS-7
  test('a damaged store that another program began anew meanwhile is taken as it is now', async () => {
    await writeFile(device.database, 'nonsense '.repeat(1_000));
    const platform = bunSqlitePlatform(device.folder);
    let first: LocalStore | null = null;
    const overtaken: SqlitePlatform = {
      ...platform,
      async open(name) {
        if (name.includes('lock') && !first) {
          first = (await open()).store;
          await fill(first, 3);
        }
        return platform.open(name);
      },
    };
    const { store, notice } = await open(SQLITE_STEPS, overtaken);
    expect(notice).toMatchObject({ kind: 'recovered', saved: 3 });
    expect(await waiting(store)).toEqual(upTo(3));
    await store.close();
    expect((await readdir(device.folder)).filter((file) => file.includes('damaged'))).toHaveLength(1);
  });

  // proves LS-7
  test('a recovery interrupted at any step loses nothing that could be read', async () => {
    const bytes = await readFile(device.database);
    const place = bytes.lastIndexOf('x'.repeat(200));
    bytes.fill(0xa5, Math.floor(place / PAGE_BYTES) * PAGE_BYTES, Math.ceil(place / PAGE_BYTES) * PAGE_BYTES);
    const whole = bunSqlitePlatform(device.folder);
    let interrupted = 0;
    for (let steps = 0; ; steps++) {
      await rm(device.folder, { recursive: true });
      await (await whole.open('unrelated.sqlite')).close();
      await writeFile(device.database, bytes);
      let left = steps;
      const step =
        <A extends unknown[], T>(work: (...args: A) => T) =>
        (...args: A) => {
          if (left-- <= 0) throw new SqliteError('other', new Error('the power went'));
          return work(...args);
        };
      const failing = { ...whole, rename: step(whole.rename), copy: step(whole.copy), remove: step(whole.remove) };
      const { store, notice } = await open(SQLITE_STEPS, failing);
      await store.close();
      if (notice?.kind === 'recovered') break;
      interrupted++;
      expect([notice?.kind, store.kind]).toEqual(['memory', 'memory']);
      const next = await open();
      expect(await waiting(next.store)).toEqual(upTo(50));
      await next.store.close();
    }
    expect(interrupted).toBeGreaterThan(4);
  });
});
