import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestServer } from '@konferenco/testkit';
import type { Browser, Page } from 'playwright-core';
import { Person, startBrowser, startWithPage } from './people.ts';

setDefaultTimeout(120_000);

let dir: string;
let server: TestServer;
let browser: Browser;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'konferenco-e2e-'));
  [server, browser] = await Promise.all([startWithPage({ dir }), startBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Waits until the service worker keeps the application and answers for this page. */
const kept = (page: Page) =>
  page.evaluate(async () => {
    const { serviceWorker } = navigator;
    await serviceWorker.ready;
    if (!serviceWorker.controller)
      await new Promise((resolve) => serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
  });

/** Opens a session of the programme and answers its title. */
async function openSession(page: Page, nth: number): Promise<string> {
  const row = page.locator('[data-entry]').nth(nth);
  await row.waitFor();
  await row.getByRole('link').click();
  return (await page.locator('.session-detail h1').textContent()) ?? '';
}

// proves AP-1, AP-2, AP-8, AP-11
test('closed and opened again without a network, the page shows what it knew, takes what is done, and brings it over once', async () => {
  const [aroha, zoe] = await Promise.all([Person.open(browser, 'Aroha'), Person.open(browser, 'Zoe')]);
  await Promise.all([aroha.join(server.httpUrl), zoe.join(server.httpUrl)]);
  await aroha.openConversation('Kōrero');
  await aroha.sees('Thank you all for the questions');
  await aroha.page.goto(`${server.httpUrl}/people`);
  await aroha.page.getByRole('link', { name: /^Zoe/ }).first().click();
  await aroha.page.getByRole('button', { name: 'Ask for a meeting' }).waitFor();
  const toZoe = new URL(aroha.page.url()).pathname;
  await aroha.page.goto(`${server.httpUrl}/programme`);
  const title = await openSession(aroha.page, 3);
  const session = new URL(aroha.page.url()).pathname;
  await kept(aroha.page);

  await server.stop();
  await aroha.page.close();
  const page = await aroha.context.newPage();
  page.setDefaultTimeout(20_000);
  // Everything it knew, on whichever place it opens.
  await page.goto(`${server.httpUrl}${session}`);
  await page.getByRole('heading', { name: title }).first().waitFor();
  await page.getByRole('button', { name: 'Favourite', exact: true }).click();
  await page.getByRole('button', { name: 'I’ll be there' }).click();
  await page.locator('.main-column').getByText('Waiting to be sent').waitFor();
  await page.goto(`${server.httpUrl}${toZoe}`);
  await page.getByRole('button', { name: 'Ask for a meeting' }).click();
  await page.getByLabel('What it is about').fill('The lower stream');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByRole('heading', { name: 'The lower stream' }).waitFor();
  await page.goto(`${server.httpUrl}/talk/ch:korero`);
  await page.getByText('Thank you all for the questions').waitFor();
  const field = page.getByRole('textbox', { name: /^Message to/ });
  for (let i = 1; i <= 20; i++) {
    await field.fill(`From the valley ${i}.`);
    await page.keyboard.press('Enter');
  }
  await page
    .locator('[data-message]', { hasText: 'From the valley 20.' })
    .getByText('Waiting to be sent')
    .waitFor({ state: 'attached' });
  // Closed again before anything could be sent.
  await page.close();

  server = await startWithPage({ dir, port: server.port });
  const back = await aroha.context.newPage();
  back.setDefaultTimeout(20_000);
  await back.goto(`${server.httpUrl}/me/device`);
  await back.getByText('Nothing waits. Everything you wrote is on the server.').waitFor();

  // Once, in order, and for somebody else as well as for a second device of hers.
  await zoe.page.goto(`${server.httpUrl}/talk/ch:korero`);
  await zoe.sees('From the valley 20.');
  const texts = await zoe.page.locator('[data-message] .message-text').allTextContents();
  const mine = texts.filter((text) => text.startsWith('From the valley'));
  expect(mine).toEqual([...new Set(mine)]);
  expect(mine.at(-1)).toBe('From the valley 20.');
  await zoe.page.goto(`${server.httpUrl}/programme?mine`);
  await zoe.page.getByRole('link', { name: /The lower stream/ }).click();
  await zoe.page.getByRole('button', { name: 'Accept' }).click();
  await back.goto(`${server.httpUrl}/programme?mine`);
  await back
    .getByRole('link', { name: /The lower stream/ })
    .getByText('Agreed')
    .waitFor();
  await back.locator('[data-entry]', { hasText: title }).getByText('I’ll be there').waitFor();
  expect([...aroha.faults, ...zoe.faults]).toEqual([]);
  await Promise.all([aroha.close(), zoe.close()]);
});
