import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFile, writeFile } from 'node:fs/promises';
import { describeLocalStoreContract } from '@konferenco/testkit/contracts';
import type { BrowserContext, Page } from 'playwright-core';
import { type Chromium, openInPage, prepareChromium } from './chromium.ts';

// The stores of a real browser, driven from here.
let browser: Chromium;
let context: BrowserContext;
let page: Page;
beforeAll(async () => {
  browser = await prepareChromium();
  context = await browser.start();
  page = await browser.tab(context);
}, 240_000);
afterAll(async () => {
  await context?.close();
  await browser?.close();
}, 240_000);

let accounts = 0;
describeLocalStoreContract(
  'IndexedDB of Chromium',
  async () => {
    const user = `u${++accounts}`;
    const { store } = await openInPage(page, user);
    return {
      store,
      again: async () => (await openInPage(page, user)).store,
      damage: (table, key) => page.evaluate(([t, k]) => window.storePage.damage(String(t), String(k)), [table, key]),
      dispose: () => page.evaluate(() => window.storePage.removeAll()),
    };
  },
  { modelRuns: 10 },
);

/** Small enough that Chromium keeps it in the database itself. */
const ROW = 'x'.repeat(20_000);

describe('the quota of Chromium', () => {
  // proves LS-1, LS-5
  test('a write beyond it is refused as full, whole; what was kept stays, and room made is room again', async () => {
    const before = await openInPage(page, 'quota');
    await before.store.write([{ table: 'meta', key: 'kept', value: 'before' }]);
    // Chromium remembers for a while how much room it found at the first write.
    await context.close();
    context = await browser.start();
    page = await browser.tab(context);
    const { store } = await openInPage(page, 'quota');
    const session = await context.newCDPSession(page);
    const origin = new URL(browser.url).origin;
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_000 });
    const many = Array.from({ length: 200 }, (_, n) => ({ table: 'entries' as const, key: `${n}`, value: ROW }));
    const refused = store.write([{ table: 'meta', key: 'kept', value: 'after' }, ...many]);
    await expect(refused).rejects.toMatchObject({ name: 'LocalStoreError', fault: 'full' });
    expect(await store.get('meta', 'kept')).toBe('before');
    expect(await store.list('entries', { prefix: '', limit: 10 })).toEqual([]);
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    await store.write([{ table: 'meta', key: 'kept', value: 'after' }, ...many]);
    expect(await store.get('meta', 'kept')).toBe('after');
    const { bytes, quota, persisted } = await store.usage();
    expect([bytes, quota].every((known) => known !== null && known > 0)).toBe(true);
    expect(persisted).toBe(false);
    await session.detach();
  }, 120_000);
});

describe('tabs of Chromium', () => {
  // proves LS-1
  test('a write that resolved in one tab is read in another at once', async () => {
    const other = await browser.tab(context);
    const [{ store: here }, { store: there }] = await Promise.all([
      openInPage(page, 'tabs'),
      openInPage(other, 'tabs'),
    ]);
    for (let n = 0; n < 20; n++) {
      await (n % 2 === 0 ? here : there).write([{ table: 'meta', key: 'n', value: n }]);
      expect(await (n % 2 === 0 ? there : here).get('meta', 'n')).toBe(n);
    }
    await other.close();
  }, 120_000);

  // proves LS-9
  test('a tab makes way for a newer version opened in another, and says so', async () => {
    const other = await browser.tab(context);
    const { store } = await openInPage(page, 'upgrade');
    await store.write([{ table: 'meta', key: 'a', value: 1 }]);
    await other.evaluate(async () => {
      const databases = await indexedDB.databases();
      for (const { name = '' } of databases) {
        const request = indexedDB.open(name, 99);
        await new Promise((resolve, reject) => {
          request.onsuccess = resolve;
          request.onerror = reject;
          request.onblocked = () => reject(new Error('blocked'));
        });
        request.result.close();
      }
    });
    await expect(store.get('meta', 'a')).rejects.toMatchObject({ fault: 'newer' });
    const again = await openInPage(other, 'upgrade');
    expect([again.store.kind, again.notice?.kind]).toEqual(['memory', 'newer']);
    await other.close();
  }, 120_000);

  // proves LS-9
  test('a connection that Chromium closed by itself, here because the data was cleared, is opened again', async () => {
    const { store } = await openInPage(page, 'cleared');
    await store.write([{ table: 'meta', key: 'a', value: 1 }]);
    const session = await context.newCDPSession(page);
    const { origin } = new URL(browser.url);
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
    await session.detach();
    await store.write([{ table: 'meta', key: 'b', value: 2 }]);
    expect([await store.get('meta', 'a'), await store.get('meta', 'b')]).toEqual([undefined, 2]);
  }, 120_000);
});

describe('Chromium killed', () => {
  // proves LS-2
  test('right after a write resolved: it is there after the restart, on the same profile', async () => {
    for (let round = 1; round <= 3; round++) {
      const mine = await openInPage(page, 'killed');
      expect(mine.notice).toBeNull();
      if (round > 1) expect(await mine.store.get('meta', 'last')).toBe(round - 1);
      const changes = Array.from({ length: 50 }, (_, n) => ({
        table: 'outbox' as const,
        key: `${round}-${String(n).padStart(2, '0')}`,
        value: { text: 'kia ora '.repeat(30) },
      }));
      await mine.store.write([...changes, { table: 'meta', key: 'last', value: round }]);
      await browser.kill(context);
      context = await browser.start();
      page = await browser.tab(context);
      const { store } = await openInPage(page, 'killed');
      expect(await store.get('meta', 'last')).toBe(round);
      expect(await store.list('outbox', { prefix: `${round}-`, limit: 100 })).toHaveLength(50);
    }
  }, 300_000);

  // proves LS-7
  test('and its files overwritten: it begins anew, and the person is told that nobody knows what was lost', async () => {
    const { store } = await openInPage(page, 'overwritten');
    await store.write([{ table: 'outbox', key: 'a', value: 'x'.repeat(10_000) }]);
    await browser.kill(context);
    for (const file of new Bun.Glob('Default/IndexedDB/*/*.log').scanSync({ cwd: browser.profile, absolute: true })) {
      const bytes = await readFile(file);
      await writeFile(file, bytes.fill(0xa5, Math.floor(bytes.length / 3)));
    }
    context = await browser.start();
    page = await browser.tab(context);
    const { store: fresh, notice } = await openInPage(page, 'overwritten');
    expect(notice).toMatchObject({ kind: 'recovered', saved: 0, lost: null });
    expect(fresh.kind).toBe('durable');
    await fresh.write([{ table: 'outbox', key: 'b', value: 1 }]);
    expect(await fresh.list('outbox', { prefix: '', limit: 10 })).toEqual([{ key: 'b', value: 1 }]);
  }, 240_000);
});
