import { expect, setDefaultTimeout, test } from 'bun:test';
import { violations } from './axe.ts';
import { DESKTOP, PHONE, Person } from './people.ts';
import { useStage } from './support/stage.ts';

setDefaultTimeout(600_000);

const stage = useStage();

const LOOKS = [
  { name: 'desktop, light', viewport: DESKTOP, colorScheme: 'light', locale: 'en-NZ' },
  { name: 'desktop, dark', viewport: DESKTOP, colorScheme: 'dark', locale: 'en-NZ' },
  { name: 'phone, light, te reo Māori', viewport: PHONE, colorScheme: 'light', locale: 'mi-NZ' },
  { name: 'phone, dark', viewport: PHONE, colorScheme: 'dark', locale: 'en-NZ' },
] as const;

for (const { name, ...look } of LOOKS) {
  test(`no screen has anything axe objects to (${name})`, async () => {
    const person = await Person.open(stage.browser, `Axe ${name.replace(/\W/g, '')}`, look);
    const { page } = person;
    await page.goto(stage.server.httpUrl);
    await page.getByRole('textbox').first().fill(person.name);
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await page.locator('nav.places').waitFor();
    for (const place of ['/talk', '/talk/ch:korero', '/programme', '/people', '/me']) {
      await page.goto(`${stage.server.httpUrl}${place}`);
      await page.locator('main').first().waitFor();
      await page.waitForLoadState('networkidle');
      expect({ place, found: await violations(page) }).toEqual({ place, found: [] });
    }
    expect(person.faults).toEqual([]);
    await person.close();
  });
}

test('with the keyboard alone somebody joins, finds a channel, writes, edits, reacts and leaves the field with Escape', async () => {
  const person = await Person.open(stage.browser, 'Kiri');
  const { page } = person;
  await page.goto(stage.server.httpUrl);
  await page.getByLabel('Your name, as others will see it').waitFor();
  await page.keyboard.type('Kiri');
  await page.keyboard.press('Enter');
  await page.locator('nav.places').waitFor();

  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').waitFor();
  await page.keyboard.type('wai');
  await page.getByRole('option').first().waitFor();
  await page.keyboard.press('Enter');
  await person.composer().waitFor();

  await person.composer().focus();
  await page.keyboard.type('The weir holds');
  await page.keyboard.press('Enter');
  await person.message('The weir holds').getByTitle('Stored on the server').waitFor();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.type(' well');
  await page.keyboard.press('Enter');
  await person.sees('The weir holds well');

  await person.message('The weir holds well').focus();
  await page.keyboard.press('+');
  await page.keyboard.press('Enter');
  await person.message('The weir holds well').getByRole('button', { name: /from/ }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(person.faults).toEqual([]);
  await person.close();
});

test('at 200 % text and 320 px nothing is cut off sideways', async () => {
  const person = await Person.open(stage.browser, 'Large', { viewport: { width: 320, height: 640 } });
  await person.join(stage.server.httpUrl);
  for (const place of ['/talk', '/talk/ch:korero', '/programme', '/people', '/me']) {
    await person.page.goto(`${stage.server.httpUrl}${place}`);
    await person.page.waitForLoadState('networkidle');
    await person.page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'));
    const overflow = await person.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect({ place, overflow }).toEqual({ place, overflow: 0 });
  }
  await person.close();
});
