import { afterEach, expect, setDefaultTimeout, test } from 'bun:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { Away } from './away.ts';
import { TALL } from './device.ts';
import { ask } from './server-log.ts';
import { useStage } from './support/stage.ts';

setDefaultTimeout(600_000);

const stage = useStage();
let open: Away[] = [];
afterEach(async () => {
  const faults = open.flatMap(({ person }) => person.faults);
  await Promise.all(open.map((away) => away.close()));
  open = [];
  expect(faults).toEqual([]);
});

async function somebody(name: string, options: BrowserContextOptions = {}): Promise<Away> {
  const away = await Away.join(stage.browser, stage.server.port, name, { viewport: TALL, ...options });
  open.push(away);
  return away;
}

/** What stays on screen about conflicts, as it is read. */
const told = (page: Page) => page.locator('.conflicts .notice p');

/** Gives a session another room by its form. */
async function moveTo(page: Page, room: string): Promise<void> {
  await page.getByRole('button', { name: 'Session actions' }).click();
  await page.getByRole('menuitem', { name: 'Edit the session' }).click();
  await page.getByRole('dialog').getByLabel('Room').fill(room);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.facts', { hasText: room }).waitFor();
}

/** Two organisers before one session, both without a network, after the first and then the other moved it. */
async function bothMove(first: string, second: string): Promise<readonly [Away, Away]> {
  const both = [await somebody(first), await somebody(second)] as const;
  for (const away of both) {
    await away.visit('/programme/soil');
    await away.page.getByRole('heading', { name: 'What lives under a paddock' }).waitFor();
    await away.cut();
  }
  await moveTo(both[0].page, 'The old shed');
  await moveTo(both[1].page, 'The new shed');
  return both;
}

async function comesBack(away: Away): Promise<void> {
  await away.mend();
  await away.page.locator('.main-column').getByText('Waiting to be sent').waitFor({ state: 'detached' });
}

const OVERRIDDEN =
  'Your room “The old shed” for “What lives under a paddock” was replaced by “The new shed” from Hēmi Rangihuna.';

// proves CF-1, AP-13
test.each([{ order: 'first' as const }, { order: 'last' as const }])(
  'two organisers move one session without a network: the later stands for both, and the other is told, who comes back $order',
  async ({ order }) => {
    const [ngaire, hemi] = await bothMove('Ngaire Holloway', 'Hēmi Rangihuna');
    for (const away of order === 'first' ? [ngaire, hemi] : [hemi, ngaire]) await comesBack(away);
    await told(ngaire.page).waitFor();
    expect(await told(ngaire.page).allTextContents()).toEqual([OVERRIDDEN]);
    for (const { page } of [ngaire, hemi]) await page.locator('.facts', { hasText: 'The new shed' }).waitFor();
    expect(await told(hemi.page).count()).toBe(0);
    // It stays through what else happens, until it is closed.
    await ngaire.page.locator('nav.places a[href="/talk"]').click();
    await ngaire.page.getByRole('button', { name: 'Show' }).click();
    await ngaire.page.getByRole('heading', { name: 'What lives under a paddock' }).waitFor();
    await told(ngaire.page).waitFor({ state: 'detached' });
    // Who changes it now has seen what stands: nobody is told.
    await moveTo(ngaire.page, 'The shearing shed');
    await hemi.page.locator('.facts', { hasText: 'The shearing shed' }).waitFor();
    for (const { page } of [ngaire, hemi]) expect(await told(page).count()).toBe(0);
  },
);

// proves CF-1, AP-13, RP-11
test('what was told just before the page went is there again, in every tab until it is settled in one', async () => {
  const [ngaire, hemi] = await bothMove('Ngaire Holloway', 'Hēmi Rangihuna');
  await comesBack(ngaire);
  await comesBack(hemi);
  await told(ngaire.page).waitFor();
  await ngaire.page.reload();
  await told(ngaire.page).waitFor();
  expect(await told(ngaire.page).allTextContents()).toEqual([OVERRIDDEN]);
  const tab = await ngaire.person.context.newPage();
  await tab.goto(ngaire.page.url());
  await told(tab).waitFor();
  await tab.getByRole('button', { name: 'Use mine' }).click();
  for (const page of [tab, ngaire.page]) await told(page).waitFor({ state: 'detached' });
  for (const page of [tab, ngaire.page, hemi.page]) await page.locator('.facts', { hasText: 'The old shed' }).waitFor();
  expect(await told(hemi.page).count()).toBe(0);
  await ngaire.page.reload();
  await ngaire.page.locator('.facts', { hasText: 'The old shed' }).waitFor();
  expect(await told(ngaire.page).count()).toBe(0);
});

/** Asks for a meeting and answers its path. */
async function askFor(away: Away, whom: string, title: string): Promise<string> {
  await away.visit(`/people/${whom}`);
  await away.page.getByRole('button', { name: 'Ask for a meeting' }).click();
  await away.page.getByLabel('What it is about').fill(title);
  await away.page.getByRole('button', { name: 'Ask', exact: true }).click();
  await away.page.getByRole('heading', { name: title }).waitFor();
  return new URL(away.page.url()).pathname;
}

async function propose(page: Page, nth: number): Promise<void> {
  await page.getByRole('button', { name: /^(Change the time|Propose another time)$/ }).click();
  await page.getByRole('radio').nth(nth).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Propose another time' }).click();
}

/**
 * Sets the clock of a device ahead that has no network, so that what is done there is the later. Two clocks that were set by a server
 * differ by as much as its answers were late, which on a busy machine is longer than the time between two people's clicks.
 */
async function isLater({ page }: Away): Promise<void> {
  await page.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() + 20_000;
  });
}

// proves CF-2, AP-13
test('both propose another time without a network: the later stands, and the other is told and asked to answer', async () => {
  const [ruth, lena] = [await somebody('Ruth Calder'), await somebody('Lena Brandt')];
  const path = await askFor(ruth, 'lena-brandt', 'Traps and radios');
  for (const away of [ruth, lena]) {
    await away.visit(path);
    await away.page.getByRole('heading', { name: 'Traps and radios' }).waitFor();
    await away.cut();
  }
  await propose(ruth.page, 1);
  await isLater(lena);
  await propose(lena.page, 2);
  const waiting = ({ page }: Away) => page.locator('.main-column').getByText('Waiting to be sent').first();
  for (const away of [ruth, lena]) await waiting(away).waitFor();
  for (const away of [lena, ruth]) await comesBack(away);
  await told(ruth.page).waitFor();
  const [said = ''] = await told(ruth.page).allTextContents();
  expect(said).toMatch(/^Your time .+ for the meeting “Traps and radios” was replaced by .+ from Lena Brandt\.$/);
  await ruth.page.locator('.main-column').getByText('Lena Brandt proposes another time').waitFor();
  await ruth.page.getByRole('button', { name: 'Accept' }).first().click();
  for (const { page } of [ruth, lena]) await page.locator('.main-column').getByText('Agreed').waitFor();
});

// proves CF-3, AP-11, AP-13
test.each([
  {
    language: 'English',
    name: 'Sefa Leota',
    id: 'sefa-leota',
    locale: 'en-NZ',
    accept: 'Accept',
    agreed: 'Agreed',
    words: 'The time of your meeting with Moana Te Aho changed before your answer arrived.',
    again: 'Answer again',
    acceptNew: 'Accept the new time',
  },
  {
    language: 'te reo Māori',
    name: 'Wiremu Parāone',
    id: 'wiremu-paraone',
    locale: 'mi-NZ',
    accept: 'Whakaae',
    agreed: 'Kua whakaaetia',
    words: 'I rerekē te wā o tō hui ki a Moana Te Aho i mua i te taenga o tō whakautu.',
    again: 'Whakautua anō',
    acceptNew: 'Whakaae ki te wā hou',
  },
])(
  'a meeting accepted without a network that was moved meanwhile is said, and agreed to again ($language)',
  async (who) => {
    const moana = await somebody('Moana Te Aho');
    const guest = await somebody(who.name, { locale: who.locale });
    const path = await askFor(moana, who.id, `Tea with ${who.id}`);
    await guest.visit(path);
    await guest.page.getByRole('heading', { name: `Tea with ${who.id}` }).waitFor();
    await guest.cut();
    await guest.page.locator('.main-column').getByRole('button', { name: who.accept, exact: true }).click();
    await guest.page.locator('.main-column').getByText(who.agreed, { exact: true }).waitFor();
    await propose(moana.page, 2);
    const time = await moana.page.locator('.facts').textContent();
    await moana.page.locator('.main-column').getByText('Waiting to be sent').waitFor({ state: 'detached' });
    await guest.page.locator('nav.places a[href="/talk"]').click();
    await guest.mend();
    await told(guest.page).waitFor();
    expect(await told(guest.page).allTextContents()).toEqual([who.words]);
    await guest.page.getByRole('button', { name: who.again }).click();
    await guest.page.locator('.main-column').getByRole('button', { name: who.acceptNew }).click();
    for (const [page, words] of [
      [guest.page, who.agreed],
      [moana.page, 'Agreed'],
    ] as const)
      await page.locator('.main-column').getByText(words, { exact: true }).waitFor();
    expect(await moana.page.locator('.facts').textContent()).toBe(time);
  },
);

// proves CF-4, AP-13
test('a channel joined without a network by somebody an organiser removed: they are told, and can join again', async () => {
  const channel = (await ask(stage.server, 'ngaire-holloway', '/events/hui-taiao-2026/channels', {
    method: 'POST',
    body: JSON.stringify({ title: 'Tuna', visibility: 'public' }),
  })) as { readonly id: string };
  const [phone, laptop] = [await somebody('Jack Whitcombe'), await somebody('Jack Whitcombe')];
  const main = phone.page.locator('.main-column');
  await phone.page.getByRole('link', { name: /^Tuna/ }).click();
  await main.getByRole('button', { name: 'Join the channel' }).waitFor();
  await phone.cut();
  await main.getByRole('button', { name: 'Join the channel' }).click();
  await phone.person.composer().waitFor();

  // He joins on the other device as well, and is removed, before this one is back.
  await laptop.visit(`/talk/ch:${channel.id}`);
  await laptop.page.getByRole('button', { name: 'Join the channel' }).click();
  await laptop.person.composer().waitFor();
  await laptop.visit('/me/device');
  await laptop.page.getByText('Nothing waits. Everything you wrote is on the server.').waitFor();
  await ask(stage.server, 'ngaire-holloway', `/channels/${channel.id}/members/jack-whitcombe`, { method: 'DELETE' });

  await phone.mend();
  await told(phone.page).waitFor();
  expect(await told(phone.page).allTextContents()).toEqual([
    'An organiser removed you from Tuna before you joined. You are not in it.',
  ]);
  await main.getByRole('button', { name: 'Join the channel' }).click();
  await phone.person.say('Here by invitation');
  await phone.person.message('Here by invitation').getByTitle('Stored on the server').waitFor();
  await phone.page.locator('.conflicts').getByRole('button', { name: 'Close' }).click();
  expect(await told(phone.page).count()).toBe(0);
});

/** Sets a page's clock back by what `window.behindMs` says. */
function behind(): void {
  const Real = Date;
  const shifted = () => Real.now() - ((globalThis as { behindMs?: number }).behindMs ?? 0);
  globalThis.Date = new Proxy(Real, {
    construct: (target, args) => (args.length === 0 ? new target(shifted()) : Reflect.construct(target, args)),
    get: (target, key) => (key === 'now' ? shifted : Reflect.get(target, key)),
  });
}

// proves CL-27, CL-29, AP-13
test('what was written without a network stands where it was written, says so, and is found by those who had read on', async () => {
  const [mere, tomasi] = [await somebody('Mere Tāwhai'), await somebody('Tomasi Vake')];
  const ruth = await somebody('Ruth Calder', { viewport: { width: 1000, height: 400 } });
  await mere.person.context.addInitScript(behind);
  for (const away of [mere, tomasi]) await away.visit('/talk/ch:ngahere');
  await tomasi.person.say('Where is the spade?');
  await mere.person.sees('Where is the spade?');
  await mere.cut();
  // Ten minutes in which she has no network: she writes at their beginning.
  await mere.page.evaluate(() => Object.assign(globalThis, { behindMs: 600_000 }));
  await mere.person.say('Behind the nursery.');
  await mere.person.message('Behind the nursery.').getByTitle('Waiting to be sent').waitFor();
  await mere.page.evaluate(() => Object.assign(globalThis, { behindMs: 0 }));
  await tomasi.person.say(`Nobody knows?${'\nIt was by the gate.'.repeat(10)}`);
  await tomasi.person.say('I take the shovel.');
  await tomasi.person.message('I take the shovel.').getByTitle('Stored on the server').waitFor();
  // He is elsewhere when it arrives; she who reads on sees only the end.
  await tomasi.page.locator('nav.places a[href="/programme"]').click();
  await ruth.visit('/talk/ch:ngahere');
  await ruth.person.sees('I take the shovel.');
  await mere.mend();
  await mere.person.message('Behind the nursery.').getByTitle('Stored on the server').waitFor();

  const order = ['Where is the spade?', 'Behind the nursery.', 'Nobody knows?', 'I take the shovel.'];
  const pattern = new RegExp(order.map((text) => text.replace(/[?.]/g, '\\$&')).join('|'));
  await mere.person.sees('I take the shovel.');
  expect(await mere.person.texts(pattern)).toEqual(order);
  expect(await mere.person.message('Behind the nursery.').textContent()).toMatch(/Written .*, arrived /);

  const lead = ruth.page.getByRole('button', { name: '1 message came late and stands further up' });
  await lead.click();
  const late = ruth.person.message('Behind the nursery.');
  await late.waitFor();
  expect(await late.getAttribute('class')).toContain('highlighted');
  expect(await late.textContent()).toMatch(/Written .*\d, arrived .*\d/);
  await lead.waitFor({ state: 'detached' });

  await tomasi.page.locator('nav.places a[href="/talk"]').click();
  await tomasi.page.getByRole('link', { name: /^Ngahere.*1 unread message/ }).click();
  await tomasi.person.sees('Behind the nursery.');
  expect(await tomasi.person.texts(pattern)).toEqual(order);
  expect(await tomasi.page.getByRole('button', { name: /came late/ }).count()).toBe(0);
});
