import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestServer } from '@konferenco/testkit';
import type { Page } from 'playwright-core';
import { Device, TALL, upToDate } from './device.ts';
import { Person, startWithPage } from './people.ts';
import { ask, textsOf } from './server-log.ts';

setDefaultTimeout(600_000);

let dir: string;
let server: TestServer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'konferenco-e2e-'));
  server = await startWithPage({ dir });
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** A phone whose pages can be closed while its browser runs on, and whose service worker the browser can wake. */
class Phone {
  readonly device: Device;
  /** Of the site, without the application in it. */
  readonly #bare: Page;
  readonly #wake: () => Promise<unknown>;
  #person: Person;

  static async open(name: string): Promise<Phone> {
    const device = await Device.open(server.port, name, { viewport: TALL });
    await device.person.join(device.url);
    await upToDate(device);
    const bare = await device.context.newPage();
    await bare.goto(`${device.url}/manifest.webmanifest`);
    const session = await device.context.newCDPSession(bare);
    const registration = Promise.withResolvers<string>();
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const own = registrations.find(({ scopeURL }) => scopeURL.startsWith(device.url));
      if (own) registration.resolve(own.registrationId);
    });
    await session.send('ServiceWorker.enable');
    const event = {
      origin: device.url,
      registrationId: await registration.promise,
      tag: 'konferenco-outbox',
      lastChance: false,
    };
    return new Phone(device, bare, () => session.send('ServiceWorker.dispatchSyncEvent', event));
  }

  private constructor(device: Device, bare: Page, wake: () => Promise<unknown>) {
    this.device = device;
    this.#bare = bare;
    this.#wake = wake;
    this.#person = device.person;
  }

  get person(): Person {
    return this.#person;
  }

  /** The browser says that there is a network. */
  async wake(): Promise<void> {
    await this.#wake();
  }

  async visit(path: string): Promise<void> {
    const { page } = this.#person;
    await page.goto(`${this.device.url}${path}`);
    await page.locator('nav.places').waitFor();
  }

  async shut(): Promise<void> {
    await this.#person.page.close();
    await this.#bare.waitForFunction(async () => ((await navigator.locks.query()).held ?? []).length === 0);
  }

  async reopen(path: string): Promise<void> {
    const { context } = this.device;
    this.#person = new Person(this.device.name, context, await context.newPage());
    await this.visit(path);
  }

  /** The sign-in as this browser keeps it, changed when `changes` says so. */
  signIn(changes: { readonly expires_at?: number } = {}): Promise<{ readonly refresh_token: string } | null> {
    return this.#bare.evaluate(
      (given) =>
        new Promise<{ refresh_token: string } | null>((resolve, reject) => {
          const opening = indexedDB.open('konferenco-sign-in');
          opening.onerror = () => reject(opening.error);
          opening.onsuccess = () => {
            const table = opening.result.transaction('tokens', 'readwrite').objectStore('tokens');
            const asked = table.get(location.origin);
            asked.onsuccess = () => {
              const kept = asked.result === undefined ? null : { ...asked.result, ...given };
              if (kept) table.put(kept, location.origin);
              table.transaction.oncomplete = () => {
                opening.result.close();
                resolve(kept);
              };
            };
          };
        }),
      changes,
    );
  }

  async say(log: string, texts: readonly string[]): Promise<void> {
    await this.visit(`/talk/${log}`);
    for (const text of texts) await this.#person.say(text);
    await this.marked(texts.at(-1) ?? '', 'Waiting to be sent');
  }

  marked(text: string, state: string): Promise<void> {
    return this.#person.page.locator('[data-message]', { hasText: text }).last().getByTitle(state).waitFor();
  }

  async nothingWaits(): Promise<void> {
    await this.visit('/me/device');
    await this.#person.page.getByText('Nothing waits. Everything you wrote is on the server.').waitFor();
  }
}

const numbered = (word: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${word} ${index + 1}.`);

/** Below the rate at which the server lets a person read. */
const POLL_MS = 500;

/** Waits until the server has as many of somebody's texts as given, and answers all it has. */
async function arrived(user: string, log: string, pattern: RegExp, count: number): Promise<readonly string[]> {
  for (;;) {
    const texts = await textsOf(server, user, log, pattern);
    if (texts.length >= count) return texts;
    await Bun.sleep(POLL_MS);
  }
}

const DIRECT = 'dm:aroha-potiki:priya-nair';

// proves AP-6, AP-16
test('written without a network, with every page closed, all of it leaves by itself, once, in order', async () => {
  const phone = await Phone.open('Aroha Pōtiki');
  await phone.device.cut();
  await phone.say('ch:korero', numbered('shed', 12));
  await phone.say(DIRECT, numbered('gate', 6));
  await phone.visit('/programme/radio');
  const { page } = phone.person;
  await page.getByRole('button', { name: 'Favourite', exact: true }).click();
  await page.locator('.main-column').getByText('Waiting to be sent').waitFor();
  await phone.shut();

  await phone.device.mend();
  await phone.wake();
  expect(await arrived('aroha-potiki', 'ch:korero', /^shed/, 12)).toEqual(numbered('shed', 12));
  expect(await arrived('aroha-potiki', DIRECT, /^gate/, 6)).toEqual(numbered('gate', 6));
  const other = await Device.open(server.port, 'Aroha Pōtiki');
  await other.person.join(other.url);
  await other.visit('/programme/radio');
  await other.page.locator('.main-column button[aria-pressed="true"]', { hasText: 'Favourite' }).waitFor();

  // The page finds everything there, says so, and doubles nothing.
  await phone.reopen('/talk/ch:korero');
  for (const text of numbered('shed', 12)) await phone.marked(text, 'Stored on the server');
  expect(await phone.person.texts(/shed \d+\./)).toEqual(numbered('shed', 12));
  await phone.nothingWaits();
  expect(await textsOf(server, 'aroha-potiki', 'ch:korero', /^shed/)).toEqual(numbered('shed', 12));
  expect(await textsOf(server, 'aroha-potiki', DIRECT, /^gate/)).toEqual(numbered('gate', 6));
  expect(phone.person.faults).toEqual([]);
  await Promise.all([phone.device.close(), other.close()]);
});

// proves AP-19
test('a page that opens while the worker sends races with it, and everything comes once, in order', async () => {
  const phone = await Phone.open('Moana Te Aho');
  for (let round = 1; round <= 3; round++) {
    const texts = numbered(`race ${round}`, 15);
    await phone.device.cut();
    await phone.say('ch:kai', texts);
    await phone.shut();
    await phone.device.mend();
    await Promise.all([phone.wake(), phone.reopen('/talk/ch:kai')]);
    await phone.marked(texts.at(-1) ?? '', 'Stored on the server');
    expect(await phone.person.texts(new RegExp(`race ${round} \\d+\\.`))).toEqual(texts);
    await phone.nothingWaits();
    expect(await textsOf(server, 'moana-te-aho', 'ch:kai', new RegExp(`^race ${round}`))).toEqual(texts);
  }
  expect(phone.person.faults).toEqual([]);
  await phone.device.close();
});

// proves AP-18
test('an expired sign-in is renewed by the worker, and the page is signed in afterwards', async () => {
  const phone = await Phone.open('Tomasi Vake');
  await phone.device.cut();
  await phone.say('ch:wai', ['renewed 1.']);
  await phone.shut();
  const before = await phone.signIn({ expires_at: 1 });
  await phone.device.mend();
  await phone.wake();
  await arrived('tomasi-vake', 'ch:wai', /^renewed/, 1);
  const after = await phone.signIn({ expires_at: 1 });
  expect(after?.refresh_token).not.toBe(before?.refresh_token ?? '');
  await phone.reopen('/talk/ch:wai');
  await phone.marked('renewed 1.', 'Stored on the server');
  await phone.person.say('renewed 2.');
  await phone.marked('renewed 2.', 'Stored on the server');
  expect(await phone.person.page.evaluate(() => localStorage.getItem('konferenco.tokens'))).toBeNull();
  await phone.device.close();
});

// proves AP-18
test('the sign-in of an earlier version moves to where the worker finds it', async () => {
  const phone = await Phone.open('Kahu Rangi');
  await phone.shut();
  const kept = await phone.signIn();
  const { page } = await earlierVersion(phone, kept);
  await page.locator('nav.places').waitFor();
  expect(await phone.signIn()).toEqual(kept);
  expect(await page.evaluate(() => localStorage.getItem('konferenco.tokens'))).toBeNull();
  await phone.device.close();
});

/** Puts the sign-in where earlier versions had it, and opens the page. */
async function earlierVersion(phone: Phone, kept: object | null): Promise<{ readonly page: Page }> {
  const page = await phone.device.context.newPage();
  await page.goto(`${phone.device.url}/manifest.webmanifest`);
  await page.evaluate(async (tokens) => {
    localStorage.setItem('konferenco.tokens', JSON.stringify(tokens));
    await new Promise((resolve) => {
      indexedDB.deleteDatabase('konferenco-sign-in').onsuccess = resolve;
    });
  }, kept);
  await page.goto(`${phone.device.url}/talk`);
  return { page };
}

// proves AP-18
test('signed out, nothing of the sign-in is left, and nothing is sent', async () => {
  const phone = await Phone.open('Mere Parata');
  await phone.device.cut();
  await phone.say('ch:wai', ['never 1.']);
  await phone.visit('/me/device');
  const { page } = phone.person;
  await page.getByRole('button', { name: 'Remove from this device' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove from this device' }).click();
  await page.locator('.join-card').waitFor();
  expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => /sign-in|tokens/.test(key)))).toEqual([]);
  await phone.shut();
  expect(await phone.signIn()).toBeNull();
  await phone.device.mend();
  await phone.wake();
  const later = await Device.open(server.port, 'Mere Parata');
  await later.person.join(later.url);
  await later.visit('/talk/ch:wai');
  await later.person.say('later 1.');
  await arrived('mere-parata', 'ch:wai', /^later/, 1);
  expect(await textsOf(server, 'mere-parata', 'ch:wai', /^never/)).toEqual([]);
  await later.close();
  await phone.device.close();
});

// proves AP-17
test('what the server refuses for good stays for the page to tell, and what comes after it leaves', async () => {
  const phone = await Phone.open('Aroha Pōtiki');
  await phone.device.cut();
  await phone.say(DIRECT, ['refused 1.']);
  await phone.say('ch:korero', ['after 1.']);
  await phone.shut();
  await ask(server, 'priya-nair', '/me/blocks/aroha-potiki', { method: 'PUT' });
  await phone.device.mend();
  await phone.wake();
  await arrived('aroha-potiki', 'ch:korero', /^after/, 1);
  await phone.reopen(`/talk/${DIRECT}`);
  await phone.marked('refused 1.', 'Not sent');
  await phone.person.page.getByText('This person does not take messages from you.').first().waitFor();
  expect(await textsOf(server, 'aroha-potiki', DIRECT, /^refused/)).toEqual([]);
  await phone.nothingWaits();
  await phone.device.close();
});
