import { expect, setDefaultTimeout, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { violations } from './axe.ts';
import { Device, TALL, upToDate } from './device.ts';
import { PHONE, Person } from './people.ts';
import { ask, logOf, textsOf } from './server-log.ts';
import { useStage } from './support/stage.ts';

setDefaultTimeout(600_000);

const stage = useStage();

const DIRECT = 'dm:aroha-potiki:priya-nair';
/** How many messages are written without a network, and where. */
const WRITTEN = { 'ch:korero': 40, 'ch:wai': 30, [DIRECT]: 30 } as const;
const LOGS = Object.keys(WRITTEN) as (keyof typeof WRITTEN)[];
const textIn = (log: string, number: number): string => `valley ${LOGS.indexOf(log as never)}-${number}.`;
const writtenIn = (log: keyof typeof WRITTEN): readonly string[] =>
  Array.from({ length: WRITTEN[log] }, (_, index) => textIn(log, index + 1));

/** Asks somebody for a meeting at the first time offered; answers its path. */
async function askForMeeting(person: Person, url: string, about: string, title: string): Promise<string> {
  const { page } = person;
  await page.goto(`${url}/people/${about}`);
  await page.getByRole('button', { name: 'Ask for a meeting' }).click();
  await page.getByLabel('What it is about').fill(title);
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByRole('heading', { name: title }).waitFor();
  return new URL(page.url()).pathname;
}

/** Waits until the message stands there with this mark. */
const marked = (page: Page, text: string, state: string): Promise<void> =>
  page.locator('[data-message]', { hasText: text }).last().getByTitle(state).waitFor();

/** What is left to do on the server, by its own page. */
const nothingWaits = (page: Page): Promise<void> =>
  page.getByText('Nothing waits. Everything you wrote is on the server.').waitFor();

/** Everything a person can do without a network, done by hand. */
async function doEverything(device: Device, paths: { readonly accept: string; readonly move: string }): Promise<void> {
  const { page } = device;
  const main = page.locator('.main-column');
  for (const log of LOGS) {
    await device.visit(`/talk/${log}`);
    for (const text of writtenIn(log)) await device.person.say(text);
    await marked(page, textIn(log, WRITTEN[log]), 'Waiting to be sent');
  }

  // A reaction to somebody else's message, and an edit of one's own.
  await device.visit('/talk/ch:korero');
  const thanks = device.person.message('Thank you all for the questions').last();
  await thanks.focus();
  await page.keyboard.press('+');
  await page.keyboard.press('Enter');
  await thanks.getByRole('button', { name: '👍 1 from Aroha Pōtiki' }).waitFor();
  await device.person.message('Before the hill').focus();
  await page.keyboard.press('e');
  await device.person.composer().fill('Behind the hill');
  await page.keyboard.press('Enter');
  await device.person.sees('Behind the hill');

  await device.visit('/programme/radio');
  await page.getByRole('button', { name: 'Favourite', exact: true }).click();
  await page.getByRole('button', { name: 'I’ll be there' }).click();
  await main.getByText('Waiting to be sent').waitFor();

  await device.visit(paths.accept);
  await page.getByRole('button', { name: 'Accept' }).click();
  await main.getByText('Agreed').waitFor();
  await page.getByLabel('Add something to talk about').fill('Who pays for the probe');
  await page.keyboard.press('Enter');
  await page.getByRole('checkbox', { name: 'Who pays for the probe' }).waitFor();
  await page.getByRole('textbox', { name: 'Minutes' }).fill('We both pay half.');
  await main.getByText('Waiting to be sent').waitFor();

  await device.visit(paths.move);
  await page.getByRole('button', { name: 'Propose another time' }).click();
  await page.getByRole('radio').nth(1).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Propose another time' }).click();
  await main.getByText('Priya Nair has not answered yet').waitFor();

  await device.visit('/people/tomasi-vake');
  await page.getByRole('heading', { name: 'Tomasi Vake' }).waitFor();
  await page.getByRole('button', { name: 'Block' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
  await main.getByRole('button', { name: 'Unblock' }).waitFor();

  await device.visit('/talk');
  await page.getByRole('link', { name: /^Awa/ }).click();
  await page.getByRole('button', { name: 'Join the channel' }).click();
  await device.person.composer().waitFor();
}

/** All of it stands on the device, and says that it waits. */
async function everythingWaits(
  device: Device,
  paths: { readonly accept: string; readonly move: string },
): Promise<void> {
  const { page } = device;
  const main = page.locator('.main-column');
  for (const log of LOGS) {
    await device.visit(`/talk/${log}`);
    for (const text of writtenIn(log).slice(-10)) await marked(page, text, 'Waiting to be sent');
  }
  await device.visit('/talk/ch:korero');
  await device.person.sees('Behind the hill');
  await device.visit('/programme/radio');
  for (const name of ['Favourite', 'I’ll be there'])
    expect(await main.getByRole('button', { name, exact: true }).getAttribute('aria-pressed')).toBe('true');
  await main.getByText('Waiting to be sent').waitFor();
  await device.visit(paths.accept);
  await main.getByText('Agreed').waitFor();
  await page.getByRole('checkbox', { name: 'Who pays for the probe' }).waitFor();
  await main.getByText('Waiting to be sent').waitFor();
  expect(await page.getByRole('textbox', { name: 'Minutes' }).inputValue()).toBe('We both pay half.');
  await device.visit(paths.move);
  await main.getByText('Priya Nair has not answered yet').waitFor();
  await main.getByText('Waiting to be sent').waitFor();
  await device.visit('/people/tomasi-vake');
  await main.getByRole('button', { name: 'Unblock' }).waitFor();
  await device.visit('/talk');
  await page.getByRole('list', { name: 'Conversations' }).getByRole('link', { name: /^Awa/ }).waitFor();
}

// proves AP-1, AP-2, AP-8, AP-11
test('opened, used and closed twice without a network, the page loses nothing and brings everything over once, in order', async () => {
  const [phone, laptop] = await Promise.all([
    Device.open(stage.server.port, 'Aroha Pōtiki', { viewport: TALL }),
    Person.open(stage.browser, 'Aroha Pōtiki', { viewport: TALL }),
  ]);
  const priya = await Person.open(stage.browser, 'Priya Nair', { viewport: TALL });
  await ask(stage.server, 'priya-nair', '/events/hui-taiao-2026/channels', {
    method: 'POST',
    body: JSON.stringify({ title: 'Awa', visibility: 'public' }),
  });
  await Promise.all([
    phone.person.join(phone.url),
    laptop.join(stage.server.httpUrl),
    priya.join(stage.server.httpUrl),
  ]);
  const paths = {
    accept: await askForMeeting(priya, stage.server.httpUrl, 'aroha-potiki', 'The lower stream'),
    move: await askForMeeting(priya, stage.server.httpUrl, 'aroha-potiki', 'The upper stream'),
  };
  await priya.page.goto(`${stage.server.httpUrl}/talk/${DIRECT}`);
  await priya.say('Kia ora, Aroha');
  await phone.person.openConversation('Kōrero');
  await phone.person.say('Before the hill');
  await marked(phone.page, 'Before the hill', 'Stored on the server');
  await upToDate(phone);

  await phone.cut();
  await phone.stop();
  await phone.start();
  await phone.visit('/talk');
  for (const title of ['Pānui', 'Kōrero', 'Wai', 'Kai', 'Ngahere', 'Priya Nair'])
    await phone.page
      .getByRole('link', { name: new RegExp(`^${title}`) })
      .first()
      .waitFor();
  await phone.visit('/programme');
  await phone.page.locator('[data-programme] [data-entry]').nth(13).waitFor();
  await doEverything(phone, paths);
  // How long ago it was up to date goes on counting.
  const waiting = async () => {
    const lines = await phone.page.getByText(/^Offline · \d+ waiting/).allTextContents();
    return lines.map((line) => line.replace(/ · Last up to date .*/, ''));
  };
  const before = await waiting();
  await phone.stop();
  await phone.start();
  await everythingWaits(phone, paths);
  expect(before).toHaveLength(1);
  expect(await waiting()).toEqual(before);
  await phone.visit('/me/device');
  await phone.page.getByText(/^And \d+ more\./).waitFor();

  await phone.mend();
  await nothingWaits(phone.page);
  for (const log of LOGS) {
    const arrived = await textsOf(stage.server, 'aroha-potiki', log, /^valley/);
    expect({ log, arrived }).toEqual({ log, arrived: writtenIn(log) });
  }
  const korero = await logOf(stage.server, 'aroha-potiki', 'ch:korero');
  const mine = (subtype: string) =>
    korero.filter((entry) => entry.from === 'aroha-potiki' && entry.subtype === subtype);
  expect(mine('edit').map(({ payload }) => payload['text'])).toEqual(['Behind the hill']);
  expect(mine('reaction').filter(({ payload }) => payload['emoji'] === '👍')).toHaveLength(1);

  // A second device of hers, and the other person, without a reload of the page that was away.
  await laptop.page.goto(`${stage.server.httpUrl}/programme/radio`);
  for (const name of ['Favourite', 'I’ll be there'])
    await laptop.page.locator(`.main-column button[aria-pressed="true"]`, { hasText: name }).waitFor();
  for (const person of [laptop, priya]) {
    await person.page.goto(`${stage.server.httpUrl}${paths.accept}`);
    await person.page.locator('.main-column').getByText('Agreed').waitFor();
    await person.page.getByRole('checkbox', { name: 'Who pays for the probe' }).waitFor();
    await person.page.getByText('We both pay half.').waitFor();
    await person.page.goto(`${stage.server.httpUrl}/talk/${DIRECT}`);
    await person.sees(textIn(DIRECT, 30));
    expect(await person.texts(/valley 2-\d+\./)).toEqual([...writtenIn(DIRECT)]);
  }
  await priya.page.goto(`${stage.server.httpUrl}${paths.move}`);
  await priya.page.locator('.main-column').getByText('Aroha Pōtiki proposes another time').waitFor();
  await laptop.page.goto(`${stage.server.httpUrl}/me`);
  await laptop.page.locator('.row', { hasText: 'Tomasi Vake' }).getByRole('button', { name: 'Unblock' }).waitFor();
  await laptop.page.locator('nav.places a[href="/talk"]').click();
  await laptop.page.getByRole('list', { name: 'Conversations' }).getByRole('link', { name: /^Awa/ }).waitFor();
  await laptop.page.goto(`${stage.server.httpUrl}/talk/ch:korero`);
  await laptop.sees('Behind the hill');

  for (const log of LOGS) {
    await phone.page.locator('nav.places a[href="/talk"]').click();
    await phone.page.locator(`a[href="/talk/${log}"]`).first().click();
    await marked(phone.page, textIn(log, WRITTEN[log]), log === DIRECT ? 'Read' : 'Stored on the server');
  }
  expect(await phone.page.getByText('Waiting to be sent').count()).toBe(0);
  expect([phone.person, laptop, priya].flatMap(({ faults }) => faults)).toEqual([]);
  await Promise.all([phone.close(), laptop.close(), priya.close()]);
});

// proves CL-30, CL-31, RP-12
test('without a network what waits can be changed or taken out, alone, and the list of conversations shows it', async () => {
  const device = await Device.open(stage.server.port, 'Kahu Rangi', { viewport: TALL });
  await device.person.join(device.url);
  await device.visit('/programme/radio');
  await upToDate(device);
  await device.cut();
  const change = async (to: string): Promise<void> => {
    await device.visit('/talk/ch:wai');
    await device.person.composer().press('ArrowUp');
    await device.page.getByText('Editing your message').waitFor();
    await device.person.composer().fill(to);
    await device.page.keyboard.press('Enter');
    await marked(device.page, to, 'Waiting to be sent');
  };
  await device.visit('/talk/ch:wai');
  await device.person.say('Teh bridge is out.');
  await marked(device.page, 'Teh bridge is out.', 'Waiting to be sent');
  await change('The bridge is out.');
  await device.visit('/programme/radio');
  const favourite = () => device.page.locator('.main-column').getByRole('button', { name: 'Favourite', exact: true });
  await favourite().click();
  await device.page.locator('.main-column').getByText('Waiting to be sent').waitFor();

  await device.stop();
  await device.start();
  await device.visit('/talk');
  const first = device.page.getByRole('list', { name: 'Conversations' }).getByRole('link').first();
  await first.getByText('You: The bridge is out.').waitFor();
  await first.getByTitle('Waiting to be sent').waitFor();
  await change('The bridge is open.');
  await device.visit('/me/device');
  const line = device.page.locator('.waiting-list li', { hasText: 'Favourite: ' });
  await line.getByRole('button').click();
  await device.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await line.waitFor({ state: 'detached' });
  await device.visit('/programme/radio');
  await device.page.locator('.main-column').getByRole('button', { name: 'Favourite', pressed: false }).waitFor();

  await device.mend();
  await device.visit('/me/device');
  await nothingWaits(device.page);
  const said = (await logOf(stage.server, 'kahu-rangi', 'ch:wai')).filter(({ from }) => from === 'kahu-rangi');
  expect(said.map(({ subtype, payload }) => [subtype, payload['text']])).toEqual([
    ['channel_message', 'The bridge is open.'],
  ]);
  expect(device.person.faults).toEqual([]);
  await device.close();
});

const KILLS = 6;

/** Tells of every message that the page shows as waiting: by then it must be on the disk. */
function tellQueued(): void {
  const told = new Set<string>();
  const look = (): void => {
    for (const state of document.querySelectorAll('.state.queued')) {
      const text = state.closest('[data-message]')?.querySelector('.message-text')?.textContent ?? '';
      if (told.has(text)) continue;
      told.add(text);
      (globalThis as unknown as { queued(text: string): void }).queued(text);
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, attributes: true });
}

// proves CL-1, CL-14, LS-2
test('a browser killed as soon as a message is shown as waiting loses none of them, and none comes twice', async () => {
  const device = await Device.open(stage.server.port, 'Moana Te Aho', { viewport: TALL });
  await device.person.join(device.url);
  await upToDate(device);
  await device.stop();
  await device.start();
  const shown: string[] = [];
  for (let round = 1; round <= KILLS; round++) {
    // Every second time the network is there, and messages are on their way while it dies.
    await (round % 2 === 0 ? device.mend() : device.cut());
    const seen: string[] = [];
    const wanted = 1 + Math.floor(Math.random() * 8);
    const enough = Promise.withResolvers<void>();
    const kill = device.killer();
    await device.page.exposeFunction('queued', (text: string) => {
      if (!text.startsWith(`killed ${round}-`)) return;
      seen.push(text);
      if (seen.length < wanted) return;
      kill();
      enough.resolve();
    });
    await device.page.addInitScript(tellQueued);
    await device.visit('/talk/ch:kai');
    await device.person.composer().waitFor();
    const writing = (async () => {
      for (let number = 1; ; number++) await device.person.say(`killed ${round}-${number}.`);
    })();
    // It ends with the browser.
    await Promise.all([enough.promise, writing.catch(() => {})]);
    await device.dead();
    shown.push(...seen);
    await device.start();
  }
  await device.mend();
  await device.visit('/me/device');
  await nothingWaits(device.page);
  const arrived = await textsOf(stage.server, 'moana-te-aho', 'ch:kai', /^killed/);
  expect(arrived.length).toBe(new Set(arrived).size);
  expect(shown.filter((text) => !arrived.includes(text))).toEqual([]);
  expect(shown.length).toBeGreaterThanOrEqual(KILLS);
  const byRound = Map.groupBy(arrived, (text) => text.split('-')[0]);
  for (const texts of byRound.values())
    expect(texts).toEqual(
      texts.toSorted((a, b) => Number.parseInt(a.split('-')[1] ?? '', 10) - Number.parseInt(b.split('-')[1] ?? '', 10)),
    );
  await device.close();
});

/** What a page measures of itself from its first moment. */
function measure(): void {
  const seen = { list: 0, answered: 0, shift: 0 };
  Object.assign(globalThis, { seen });
  new PerformanceObserver((all) => {
    for (const entry of all.getEntries()) seen.shift += (entry as unknown as { value: number }).value;
  }).observe({ type: 'layout-shift', buffered: true });
  new MutationObserver(() => {
    if (seen.list > 0 || document.querySelector('[aria-label="Conversations"] .row') === null) return;
    // A request that failed has no answer.
    const answers = (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).filter(
      ({ name, responseStart }) => responseStart > 0 && new URL(name).pathname.startsWith('/api'),
    );
    Object.assign(seen, { list: performance.now(), answered: answers.length });
  }).observe(document, { childList: true, subtree: true });
}

// proves AP-1, AP-8
test('on a slow phone and a weak link a second visit shows the conversations before the server has answered, and nothing jumps', async () => {
  const device = await Device.open(stage.server.port, 'Jack Whitcombe', { viewport: PHONE });
  await device.person.join(device.url);
  await upToDate(device);
  const measured: Record<string, number> = {};
  for (const where of ['online', 'offline'] as const) {
    await device.stop();
    await device.start();
    if (where === 'offline') await device.cut();
    const { page } = device;
    await page.addInitScript(measure);
    const devtools = await device.context.newCDPSession(page);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
    const speed = 400_000 / 8;
    await devtools.send('Network.enable');
    await devtools.send('Network.emulateNetworkConditions', {
      offline: where === 'offline',
      latency: 400,
      downloadThroughput: speed,
      uploadThroughput: speed,
    });
    await page.goto(`${device.url}/talk`);
    if (where === 'online') await page.waitForLoadState('networkidle');
    else await page.getByText('Offline').first().waitFor();
    await page.getByRole('link', { name: /^Kōrero/ }).waitFor();
    const seen = await page.evaluate(() => (globalThis as unknown as { seen: Record<string, number> }).seen);
    expect(seen['answered']).toBe(0);
    expect(seen['shift']).toBeLessThan(0.01);
    measured[where] = Math.round(seen['list'] ?? 0);
  }
  console.log(
    `a slow phone shows its conversations after ${measured['online']} ms online, ${measured['offline']} ms offline`,
  );
  await device.close();
});

/** Keeps everything that screen readers are told. */
function listen(): void {
  const heard: string[] = [];
  const last = new Map<Element, string>();
  Object.assign(globalThis, { heard });
  new MutationObserver(() => {
    for (const region of document.querySelectorAll('[role=status], [role=log], [role=alert], [aria-live]')) {
      const text = (region.textContent ?? '').trim();
      if (text !== (last.get(region) ?? '') && text !== '') heard.push(text);
      last.set(region, text);
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
}

// proves AP-12, AP-13
test('without a network no screen has anything axe objects to, and those who listen are told once', async () => {
  const device = await Device.open(stage.server.port, 'Priya Nair', { viewport: PHONE, colorScheme: 'dark' });
  await device.page.addInitScript(listen);
  await device.person.join(device.url);
  await upToDate(device);
  const { page } = device;
  await device.visit('/talk/ch:wai');
  await device.person.composer().waitFor();
  await page.waitForLoadState('networkidle');
  const heard = () => page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard.splice(0));
  await heard();
  await device.cut();
  for (let number = 1; number <= 5; number++)
    await device.person
      .composer()
      .fill(`quiet ${number}.`)
      .then(() => page.keyboard.press('Enter'));
  await page.getByText(/^Offline · 5 waiting/).waitFor();
  expect(await heard()).toEqual(['Offline']);
  const screens = [
    '/talk',
    '/talk/ch:wai',
    '/programme',
    '/programme/radio',
    '/programme?mine',
    '/people',
    '/me',
    '/me/device',
  ];
  for (const place of screens) {
    await device.visit(place);
    await page.locator('h1:visible, h2:visible').first().waitFor();
    await page
      .getByText(/Offline · 5 waiting/)
      .first()
      .waitFor();
    expect({ place, found: await violations(page) }).toEqual({ place, found: [] });
  }
  await page.getByText('Waiting to be sent').first().waitFor();
  await device.visit('/talk/ch:wai');
  await page.getByText(/^Offline · 5 waiting/).waitFor();
  await heard();
  await device.mend();
  await marked(page, 'quiet 5.', 'Stored on the server');
  expect((await heard()).length).toBeLessThanOrEqual(1);
  expect(device.person.faults).toEqual([]);
  await device.close();
});
