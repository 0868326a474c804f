import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { buildWeb } from '../../../../tools/build-web.ts';
import { CHROMIUM, CHROMIUM_ARGS } from '../../../../tools/lib/chromium.ts';
import { type Site, startSite } from '../testing/site.ts';
import { HASH_BYTES } from './build.ts';

// The built application over the fake client, its real service worker, a server that comes and goes, and Chromium.
let folder = '';
let v1 = '';
let v2 = '';
let browser: Browser;
let site: Site;
let context: BrowserContext;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'konferenco-worker-'));
  v1 = join(folder, 'v1');
  v2 = join(folder, 'v2');
  await buildWeb({ outDir: v1, entry: join(import.meta.dir, '../testing/main.tsx') });
  await anotherVersion(v1, v2);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_ARGS] });
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  site = startSite(v1);
  context = await browser.newContext({ locale: 'en-NZ', timezoneId: 'Pacific/Auckland' });
});
afterEach(async () => {
  await context.close();
  await site.stop();
});

/** The same application as another version: other names for the page's chunks, other contents, and a worker that knows them. */
async function anotherVersion(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
  const hash = (text: string): string =>
    new Bun.CryptoHasher('sha256').update(text).digest().subarray(0, HASH_BYTES).toString('base64');
  const page = await readFile(join(from, 'index.html'), 'utf8');
  const version = /konferenco-version" content="(\w+)"/.exec(page)?.[1] ?? '';
  const chunk = /chunk-([\w]+)\.js/.exec(page)?.[1] ?? '';
  const rename = (text: string): string =>
    text.replaceAll(version, 'second').replaceAll(`chunk-${chunk}`, 'chunk-second11');
  const scripts = (await readdir(join(from, 'assets')))
    .filter((name) => name.endsWith('.js'))
    .map((name) => `assets/${name}`);
  let worker = rename(await readFile(join(from, 'service-worker.js'), 'utf8'));
  for (const path of ['index.html', ...scripts]) {
    const before = await readFile(join(from, path), 'utf8');
    const after = path.endsWith('.js') ? `${rename(before)}\n// second` : rename(before);
    await rm(join(to, path));
    await writeFile(join(to, rename(path)), after);
    worker = worker.replace(hash(before), hash(after));
  }
  await writeFile(join(to, 'service-worker.js'), worker);
}

/** Opens the application and waits until everything is kept. */
async function visit(path = '/talk?worker'): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(site.url + path);
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller)
      await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
  });
  return page;
}

const versionOf = (page: Page) => page.locator('meta[name="konferenco-version"]').getAttribute('content');
const cachesOf = (page: Page) => page.evaluate(async () => (await caches.keys()).sort());
/** Asks the browser to look for a new version, and waits for what comes of it. */
const lookForUpdate = (page: Page) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update().catch(() => {});
    const found = registration.installing;
    if (!found) return registration.waiting?.state ?? 'none';
    await new Promise<void>((resolve) =>
      found.addEventListener('statechange', () => found.state !== 'installing' && resolve()),
    );
    return found.state as string;
  });

describe('after one visit', () => {
  // proves AP-1
  test('every place opens without a network, and what is fetched later is there', async () => {
    await (await visit()).close();
    await site.stop();
    const page = await context.newPage();
    for (const [path, heading] of [
      ['/', 'Talk'],
      ['/talk/ch:welcome', 'Welcome'],
      ['/programme/s-2', 'Reading soil without a laboratory'],
      ['/people', 'People'],
      ['/me/device', 'Kept on this device'],
      ['/search?q=room', 'Search'],
    ] as const) {
      await page.goto(`${site.url}${path}`);
      await page.getByRole('heading', { name: heading }).first().waitFor();
    }
    // A form that no page has opened yet.
    await page.goto(`${site.url}/programme/s-2`);
    await page.getByRole('button', { name: 'Session actions' }).click();
    await page.getByRole('menuitem', { name: 'Edit the session' }).click();
    await page.getByRole('dialog', { name: 'Edit the session' }).waitFor();
  }, 240_000);

  // proves AP-2
  test('data is asked of the server each time and never kept', async () => {
    const page = await visit();
    site.asked();
    for (let i = 0; i < 2; i++) await page.evaluate(() => fetch('/api/server').then((r) => r.text()));
    expect(site.asked().filter((path) => path.startsWith('/api/'))).toEqual(['/api/server', '/api/server']);
    const kept = await page.evaluate(async () => {
      const names = await caches.keys();
      const lists = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return lists.flat().map((request) => new URL(request.url).pathname);
    });
    expect(kept.filter((path) => path.startsWith('/api') || path.startsWith('/ws'))).toEqual([]);
  }, 120_000);

  test('opening again asks the network for nothing but the worker itself', async () => {
    const page = await visit();
    site.asked();
    await page.goto(`${site.url}/programme`);
    await page.getByRole('heading', { name: 'Programme' }).first().waitFor();
    expect(site.asked().filter((path) => path !== '/service-worker.js')).toEqual([]);
  }, 120_000);
});

describe('a new version', () => {
  // proves AP-3
  test('waits, is offered in words, and comes with the reload that the person asked for', async () => {
    const page = await visit();
    const before = await versionOf(page);
    site.deploy(v2);
    expect(await lookForUpdate(page)).toBe('installed');
    const line = page.getByText('A new version is ready.');
    await line.waitFor();
    expect(await versionOf(page)).toBe(before);
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.locator('meta[name="konferenco-version"][content="second"]').waitFor({ state: 'attached' });
    await page.getByRole('heading', { name: 'Talk' }).first().waitFor();
    expect(await line.count()).toBe(0);
  }, 120_000);

  // proves AP-3
  test('never mixes with a tab of the old one, which keeps all of its files until it closes', async () => {
    const old = await visit('/talk?worker');
    const other = await visit('/talk?worker');
    const chunk = (await old.locator('link[rel="modulepreload"]').first().getAttribute('href')) ?? '';
    site.deploy(v2);
    await lookForUpdate(other);
    await other.getByRole('button', { name: 'Reload' }).click();
    await other.locator('meta[name="konferenco-version"][content="second"]').waitFor({ state: 'attached' });
    // The old tab is told, was not reloaded under somebody's hands, and finds a file that the server no longer has.
    await old.getByText('A new version is ready.').waitFor();
    expect(await versionOf(old)).not.toBe('second');
    expect((await fetch(site.url + chunk)).status).toBe(404);
    expect(await old.evaluate(async (path) => (await fetch(path)).status, chunk)).toBe(200);
    expect(await cachesOf(other)).toHaveLength(2);
    await old.close();
    await other.reload();
    await other.waitForFunction(async () => (await caches.keys()).length === 1);
    expect(await cachesOf(other)).toEqual(['konferenco-app-second']);
  }, 120_000);

  // proves AP-4
  test('of which a file is missing is not taken: the present one goes on, offline too', async () => {
    const page = await visit();
    const before = await versionOf(page);
    const kept = await cachesOf(page);
    const index = await readFile(join(v2, 'index.html'), 'utf8');
    const chunk = /\/assets\/chunk-second11\.js/.exec(index)?.[0] ?? '';
    site.deploy(v2, { [chunk]: 503 });
    expect(await lookForUpdate(page)).toBe('redundant');
    expect(await cachesOf(page)).toEqual(kept);
    expect(await page.getByText('A new version is ready.').count()).toBe(0);
    await site.stop();
    await page.reload();
    await page.getByRole('heading', { name: 'Talk' }).first().waitFor();
    expect(await versionOf(page)).toBe(before);
    site.start();
    site.deploy(v2);
    expect(await lookForUpdate(page)).toBe('installed');
  }, 120_000);
});

// proves AP-5
test('can be installed: the manifest names itself, its places and icons that are what they say', async () => {
  const page = await visit();
  const session = await context.newCDPSession(page);
  const { data, errors } = await session.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  const manifest = JSON.parse(data ?? '{}');
  expect(manifest).toMatchObject({ name: 'Konferenco', display: 'standalone', start_url: '/talk', scope: '/' });
  expect(manifest.shortcuts.map((s: { url: string }) => s.url)).toEqual(['/talk', '/programme']);
  for (const { src, sizes, type } of manifest.icons) {
    if (type === 'image/svg+xml') continue;
    const size = await page.evaluate(async (url) => {
      const bitmap = await createImageBitmap(await (await fetch(url)).blob());
      return `${bitmap.width}x${bitmap.height}`;
    }, src);
    expect({ src, size }).toEqual({ src, size: sizes });
  }
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  // A window without a profile on disk cannot install anything.
  expect(installabilityErrors.map((e) => e.errorId).filter((id) => id !== 'in-incognito')).toEqual([]);
}, 120_000);

// proves AP-6
test('a page is woken to send what waits when the browser says that there is a network', async () => {
  const page = await visit();
  await page.evaluate(() => {
    (window as unknown as { woken: number }).woken = 0;
    const { fake } = window;
    fake.reconnectNow = () => {
      (window as unknown as { woken: number }).woken++;
    };
  });
  const session = await context.newCDPSession(page);
  const registration = new Promise<string>((resolve) =>
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const id = registrations[0]?.registrationId;
      if (id !== undefined) resolve(id);
    }),
  );
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.dispatchSyncEvent', {
    origin: site.url,
    registrationId: await registration,
    tag: 'konferenco-outbox',
    lastChance: false,
  });
  await page.waitForFunction(() => (window as unknown as { woken: number }).woken === 1);
}, 120_000);

// proves AP-6
test('the browser is asked to wake the page only without a network, not while the server alone is away', async () => {
  const page = await visit();
  const tags = await page.evaluate(async () => {
    const asked: string[] = [];
    const { prototype } = (
      window as unknown as { SyncManager: { prototype: { register(tag: string): Promise<void> } } }
    ).SyncManager;
    prototype.register = async (tag) => {
      asked.push(tag);
    };
    const { fake } = window;
    fake.setLink({ kind: 'waiting', retry_at: Date.now() + 60_000, attempt: 1 });
    await fake.channel('welcome').send('Is anybody there?');
    const whileAway = [...asked];
    fake.setLink({ kind: 'offline' });
    return { whileAway, asked };
  });
  expect(tags).toEqual({ whileAway: [], asked: ['konferenco-outbox'] });
}, 120_000);

// proves AP-6
test('it is asked for once each time the page is left while something waits, whatever the browser says of the network', async () => {
  const page = await visit();
  const tags = await page.evaluate(async () => {
    const asked: string[] = [];
    const { prototype } = (
      window as unknown as { SyncManager: { prototype: { register(tag: string): Promise<void> } } }
    ).SyncManager;
    prototype.register = async (tag) => {
      asked.push(tag);
    };
    const leave = () => {
      for (const state of ['hidden', 'visible']) {
        Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }
    };
    const { fake } = window;
    const counts: number[] = [];
    fake.setLink({ kind: 'waiting', retry_at: Date.now() + 60_000, attempt: 1 });
    await fake.channel('welcome').send('Is anybody there?');
    counts.push(asked.length);
    for (let i = 0; i < 2; i++) {
      leave();
      counts.push(asked.length);
    }
    return counts;
  });
  expect(tags).toEqual([0, 1, 2]);
}, 120_000);
