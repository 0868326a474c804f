import { expect, setDefaultTimeout, test } from 'bun:test';
import { violations } from './axe.ts';
import { PHONE, Person } from './people.ts';
import { useStage } from './support/stage.ts';

setDefaultTimeout(600_000);

/** Who owns the demo event. */
const OWNER = 'Ngaire Holloway';

const stage = useStage();

const tile = (person: Person, name: string) =>
  person.page.locator('.tile', { has: person.page.getByRole('heading', { name }) }).locator('.tile-value');

test('an owner sees the system change, empties the node and opens it again; an attendee sees nothing of it', async () => {
  const owner = await Person.open(stage.browser, OWNER);
  await owner.join(stage.server.httpUrl);
  const { page } = owner;
  await page.getByRole('link', { name: 'Operate' }).click();
  await page.getByRole('heading', { name: 'Operate', level: 1 }).waitFor();
  await page.getByText('The node is open, and everything it stands on works.').waitFor();
  await tile(owner, 'Connections').getByText('1', { exact: true }).waitFor();

  const attendee = await Person.open(stage.browser, 'Kiri');
  await attendee.join(stage.server.httpUrl);
  await tile(owner, 'Connections').getByText('2', { exact: true }).waitFor();
  await tile(owner, 'Messages in').getByText('0/s', { exact: true }).waitFor();
  await attendee.openConversation('Kōrero');
  await attendee.say('Is anybody counting this?');
  await tile(owner, 'Messages in')
    .getByText(/^0\.[1-9]|^0\.0[1-9]|^[1-9]/)
    .waitFor();
  await tile(owner, 'Time to acknowledge').getByText(/\sms$/).waitFor();

  expect(await attendee.page.getByRole('link', { name: 'Operate' }).count()).toBe(0);
  await attendee.page.goto(`${stage.server.httpUrl}/operator`);
  await attendee.page.getByRole('heading', { name: 'This page is for the owners of the main event.' }).waitFor();
  expect(await attendee.page.getByRole('table').count()).toBe(0);
  await attendee.close();

  await page.getByRole('button', { name: /^Drain / }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('No other node is open').waitFor();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.locator(':focus', { hasText: 'Drain' }).waitFor();
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: /^Drain / }).click();
  const nodes = page.getByRole('table', { name: 'Nodes' });
  await nodes.getByText('Drained: takes nobody').waitFor();
  await page.locator('.happened').getByText(`${OWNER} asked`).waitFor();
  await page.getByRole('status').getByText('takes nobody in').waitFor();

  await page.getByRole('button', { name: /^Open / }).click();
  await nodes.getByText('Open', { exact: true }).first().waitFor();
  await tile(owner, 'Connections').getByText('1', { exact: true }).waitFor();
  const steps = page.getByRole('table', { name: 'Steps of a message' });
  await steps.getByRole('row', { name: /^Store [1-9]/ }).waitFor();
  expect(await violations(page)).toEqual([]);
  expect(owner.faults).toEqual([]);
  await owner.close();
});

// proves OP-7
test('on a phone with large text it fits, says when contact is lost, asks nothing while hidden, and calculates', async () => {
  const owner = await Person.open(stage.browser, OWNER, { viewport: PHONE, colorScheme: 'dark' });
  await owner.page.clock.install();
  await owner.join(stage.server.httpUrl);
  const { page } = owner;
  let asked = 0;
  let isCut = false;
  await page.route('**/api/operator?*', (route) => {
    asked++;
    return isCut ? route.abort() : route.continue();
  });
  await page.getByRole('link', { name: 'Me', exact: true }).click();
  await page.getByRole('link', { name: 'Operate' }).last().click();
  await page.getByRole('table', { name: 'Nodes' }).waitFor();
  await page.getByRole('row', { name: /All together 37,508\/s/ }).waitFor();
  await page.getByLabel('Burst, times the usual').fill('3');
  await page.getByRole('row', { name: /Deliveries 100,000\/s/ }).waitFor();
  expect(await violations(page)).toEqual([]);
  await page.evaluate(() => {
    document.documentElement.style.fontSize = '200%';
  });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);

  isCut = true;
  await page.getByText(/^No contact: these figures are \d+ s old/).waitFor();
  await page.getByRole('status').getByText('Contact is lost.').waitFor();
  isCut = false;
  await page.getByRole('status').getByText('Contact is back.').waitFor();

  const turn = (hidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { configurable: true, value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await turn(true);
  const before = asked;
  await page.clock.fastForward(20_000);
  await page.getByText(/Figures of 2\d s ago/).waitFor();
  expect(asked).toBe(before);
  await turn(false);
  await page.getByText('Figures of this second').waitFor();
  expect(asked).toBeGreaterThan(before);
  expect(owner.faults).toEqual([]);
  await owner.close();
});
