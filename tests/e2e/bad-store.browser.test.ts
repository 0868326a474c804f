import { expect, setDefaultTimeout, test } from 'bun:test';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createIdGenerator } from '@konferenco/protocol';
import type { Page } from 'playwright-core';
import { Away } from './away.ts';
import { Device, TALL, upToDate } from './device.ts';
import { textsOf } from './server-log.ts';
import { useStage } from './support/stage.ts';

setDefaultTimeout(600_000);

const stage = useStage();

const newId = createIdGenerator({
  now: () => Date.now(),
  random16: () => crypto.getRandomValues(new Uint8Array(16)),
});

/** The sentence about the device's store, as it is read. */
const line = (page: Page) => page.locator('.link-line.long p');

/** Waits until the message stands there with this mark. */
const marked = (page: Page, text: string, state: string): Promise<void> =>
  page.locator('[data-message]', { hasText: text }).last().getByTitle(state).waitFor();

// proves LS-5, CL-26, AP-13
test('without room on the device it says so, does not pretend to have kept a message, and sends it all the same', async () => {
  const device = await Device.open(stage.server.port, 'Jack Whitcombe', { viewport: TALL });
  await device.person.join(device.url);
  await upToDate(device);
  await device.cut();
  await device.visit('/talk/ch:kai');
  await device.person.say('There is room.');
  await marked(device.page, 'There is room.', 'Waiting to be sent');
  // Chromium remembers for a while how much room it found at the first write of a run.
  await device.stop();
  await device.start();
  const { page } = device;
  const devtools = await device.context.newCDPSession(page);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: device.url, quotaSize: 1_000 });
  await device.visit('/talk/ch:kai');
  await marked(page, 'There is room.', 'Waiting to be sent');
  await device.person.say('There is none.');
  await marked(page, 'There is none.', 'Waiting to be sent. This device could not keep it: do not close the page.');
  await line(page).waitFor();
  expect(await line(page).textContent()).toBe(
    'There is no room left on this device. What you write is kept only until you close the page.',
  );
  await device.mend();
  await marked(page, 'There is none.', 'Stored on the server');
  expect(await textsOf(stage.server, 'jack-whitcombe', 'ch:kai', /^There is/)).toEqual([
    'There is room.',
    'There is none.',
  ]);
  expect(device.person.faults).toEqual([]);
  await device.close();
});

/** What browsers do that keep nothing: in some private modes, or when storage is switched off. */
const REFUSALS: Readonly<Record<string, () => void>> = {
  'is refused': () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('The user denied permission to access the database.', 'SecurityError');
    };
    IDBFactory.prototype.databases = () => Promise.reject(new DOMException('Denied.', 'SecurityError'));
  },
  'is not there': () => {
    Object.defineProperty(globalThis, 'indexedDB', { value: undefined });
  },
};

// proves LS-6, AP-13
test.each(Object.keys(REFUSALS))(
  'where IndexedDB %s the page works, and says what is lost when it is closed',
  async (how) => {
    const away = await Away.join(stage.browser, stage.server.port, 'Ruth Calder', {
      viewport: TALL,
      before: REFUSALS[how],
    });
    const { page } = away;
    await away.visit('/talk/ch:kai');
    await line(page).waitFor();
    expect(await line(page).textContent()).toBe(
      'This browser keeps nothing here: what you write is gone when you close the page before it is sent.',
    );
    await away.person.say(`Where it ${how}.`);
    await marked(page, `Where it ${how}.`, 'Stored on the server');
    await page.locator('nav.places a[href="/programme"]').click();
    await page.locator('[data-programme] [data-entry]').nth(13).waitFor();
    await page.locator('.link-line.long').getByRole('button', { name: 'Close' }).click();
    await line(page).waitFor({ state: 'detached' });
    // What the browser refused is reported, and nothing else.
    const refused = 'The user denied permission to access the database.';
    expect(away.person.faults.filter((fault) => fault !== refused)).toEqual([]);
    await away.close();
  },
);

interface FormerEntry {
  readonly id: string;
  readonly log: string;
  readonly envelope: string;
  readonly created_at: number;
}

/** Two messages as the page's first version kept them. */
function formerEntries(user: string, texts: readonly string[]): readonly FormerEntry[] {
  return texts.map((text) => {
    const envelope = {
      id: newId(),
      type: 'chat',
      subtype: 'channel_message',
      from: { user_id: user },
      to: { type: 'channel', id: 'kai' },
      payload: { text },
      timestamp: Date.now(),
    };
    return { id: envelope.id, log: 'ch:kai', envelope: JSON.stringify(envelope), created_at: envelope.timestamp };
  });
}

/** Lays out the database of the first version; the page is one of the same origin without the application. */
async function layFormer(away: Away, entries: readonly FormerEntry[]): Promise<void> {
  await away.page.goto(`${away.url}/api/server`);
  await away.page.evaluate(
    (all) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('konferenco', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('outbox', { keyPath: 'id' });
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const transaction = opening.result.transaction('outbox', 'readwrite');
          for (const entry of all) transaction.objectStore('outbox').put(entry);
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
    entries,
  );
}

/** Names of the databases of accounts; files lie in one of their own. */
const stores = (page: Page): Promise<readonly string[]> =>
  page.evaluate(async () =>
    (await indexedDB.databases()).flatMap(({ name = '' }) =>
      /^konferenco-[0-9a-f]{16}(?!.*\.files$)/.test(name) ? [name] : [],
    ),
  );

// proves LS-8, LS-9
test('two tabs that start at once over the layout of the first version send what waited there, once', async () => {
  const away = await Away.join(stage.browser, stage.server.port, 'Lena Brandt', { viewport: TALL });
  const texts = ['Written in the first version.', 'And this one too.'];
  await layFormer(away, formerEntries('lena-brandt', texts));
  const [own] = await stores(away.page);
  await away.page.evaluate((name) => {
    indexedDB.deleteDatabase(name);
  }, own ?? '');
  const other = await away.person.context.newPage();
  await Promise.all([away.page, other].map((page) => page.goto(`${away.url}/talk/ch:kai`)));
  for (const page of [away.page, other]) for (const text of texts) await marked(page, text, 'Stored on the server');
  expect(await textsOf(stage.server, 'lena-brandt', 'ch:kai', /^Written in the first|^And this one/)).toEqual(texts);
  for (const page of [away.page, other]) expect(await line(page).count()).toBe(0);
  expect(away.person.faults).toEqual([]);
  await away.close();
});

// proves LS-8, AP-13
test('a store of a newer version is left as it is, and the page says what to do and goes on', async () => {
  const away = await Away.join(stage.browser, stage.server.port, 'Tomasi Vake', { viewport: TALL });
  const { page } = away;
  await page.goto(`${away.url}/api/server`);
  const [own = ''] = await stores(page);
  const upgrade = (name: string): Promise<number> =>
    page.evaluate(
      (database) =>
        new Promise<number>((resolve, reject) => {
          const opening = indexedDB.open(database, 99);
          opening.onerror = () => reject(opening.error);
          opening.onsuccess = () => {
            const { version } = opening.result;
            opening.result.close();
            resolve(version);
          };
        }),
      name,
    );
  await upgrade(own);
  await away.visit('/talk/ch:kai');
  await line(page).waitFor();
  expect(await line(page).textContent()).toBe(
    'A newer version of Konferenco was used here. Reload to see what this device keeps.',
  );
  await page.locator('.link-line.long').getByRole('button', { name: 'Reload' }).waitFor();
  await away.person.say('From an older page.');
  await marked(page, 'From an older page.', 'Stored on the server');
  await page.goto(`${away.url}/api/server`);
  expect(await stores(page)).toEqual([own]);
  expect(await upgrade(own)).toBe(99);
  expect(away.person.faults).toEqual([]);
  await away.close();
});

/** Overwrites every file of the origin's databases from its first third on. */
async function damage(profile: string): Promise<number> {
  const root = join(profile, 'Default', 'IndexedDB');
  let count = 0;
  for (const entry of await readdir(root, { recursive: true })) {
    const file = join(root, entry);
    const { size } = await stat(file);
    if (!/\.(log|ldb)$/.test(entry) || size === 0) continue;
    await writeFile(file, new Uint8Array(size).fill(0x5a));
    count++;
  }
  return count;
}

// proves LS-6, AP-13, AP-20
test('with the browser’s own files damaged one is still signed in, and the page works and says that unsent messages may be lost', async () => {
  const device = await Device.open(stage.server.port, 'Moana Te Aho', { viewport: TALL });
  await device.person.join(device.url);
  await upToDate(device);
  await device.cut();
  await device.visit('/talk/ch:kai');
  await device.person.say('Before the damage.');
  await marked(device.page, 'Before the damage.', 'Waiting to be sent');
  await device.stop();
  expect(await damage(device.profile)).toBeGreaterThan(0);
  await device.mend();
  await device.start();
  await device.visit('/talk');
  await line(device.page).waitFor();
  expect(await line(device.page).textContent()).toBe(
    'What this device kept was damaged and is fetched anew. Messages that waited to be sent may be lost.',
  );
  await device.person.openConversation('Kai');
  await device.person.say('After the damage.');
  await marked(device.page, 'After the damage.', 'Stored on the server');
  await device.page.locator('nav.places a[href="/programme"]').click();
  await device.page.locator('[data-programme] [data-entry]').nth(13).waitFor();
  expect(device.person.faults).toEqual([]);
  await device.close();
});

// proves LS-4, LS-7, AP-13
test('of damaged rows those that can be read are sent, and the page says how many were lost', async () => {
  const away = await Away.join(stage.browser, stage.server.port, 'Sefa Leota', { viewport: TALL });
  const { page } = away;
  await away.visit('/talk/ch:kai');
  await away.person.composer().waitFor();
  await away.cut();
  for (const text of ['Whole one.', 'Torn.', 'Whole two.']) await away.person.say(text);
  await marked(page, 'Whole two.', 'Waiting to be sent');
  const [own = ''] = await stores(page);
  const torn = await page.evaluate(
    (name) =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open(name);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const transaction = opening.result.transaction('outbox', 'readwrite');
          let count = 0;
          const cursor = transaction.objectStore('outbox').openCursor();
          cursor.onsuccess = () => {
            const at = cursor.result;
            if (!at) return;
            const row = String(at.value);
            if (row.includes('Torn.')) {
              count++;
              at.update(row.replace('Torn.', 'Turn.'));
            }
            at.continue();
          };
          transaction.oncomplete = () => {
            opening.result.close();
            resolve(count);
          };
        };
      }),
    own,
  );
  expect(torn).toBe(1);
  await away.visit('/talk/ch:kai');
  await line(page).waitFor();
  expect(await line(page).textContent()).toBe(
    'What this device kept was damaged and is fetched anew. 2 messages that waited were saved. 1 message that waited is lost.',
  );
  await away.mend();
  for (const text of ['Whole one.', 'Whole two.']) await marked(page, text, 'Stored on the server');
  expect(await textsOf(stage.server, 'sefa-leota', 'ch:kai', /^(Whole|Torn|Turn)/)).toEqual([
    'Whole one.',
    'Whole two.',
  ]);
  expect(away.person.faults).toEqual([]);
  await away.close();
});
