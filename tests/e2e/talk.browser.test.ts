import { expect, setDefaultTimeout, test } from 'bun:test';
import { Link } from './link.ts';
import { Person } from './people.ts';
import { ask } from './server-log.ts';
import { useStage } from './support/stage.ts';

setDefaultTimeout(600_000);

/** Tall enough that nothing written here scrolls out of a list that draws only what is visible. */
const TALL = { viewport: { width: 1440, height: 2400 } };

const stage = useStage();

test('two people talk, one is cut off, the server is killed twice: everything is there once, in order, without a reload', async () => {
  const [lineA, lineB] = [await Link.to(stage.server.port), await Link.to(stage.server.port)];
  const [aroha, wiremu] = [
    await Person.open(stage.browser, 'Aroha', TALL),
    await Person.open(stage.browser, 'Wiremu', TALL),
  ];
  await aroha.join(`http://localhost:${lineA.port}`);
  await wiremu.join(`http://localhost:${lineB.port}`);
  for (const person of [aroha, wiremu]) await person.openConversation('Pūtaiao|Kōrero');

  await aroha.say('word 01');
  await wiremu.sees('word 01');
  await wiremu.say('word 02');
  await aroha.sees('word 02');

  lineB.cut();
  await aroha.say('word 03');
  await wiremu.say('word 04');
  await wiremu.page.getByText(/1 waiting/).waitFor();
  await aroha.message('word 03').getByTitle('Stored on the server').waitFor();
  lineB.mend();
  await wiremu.sees('word 03');
  await aroha.sees('word 04');

  await stage.server.kill();
  await aroha.say('word 05');
  await aroha.page.getByText(/1 waiting/).waitFor();
  await stage.restart();
  await wiremu.sees('word 05');
  await wiremu.say('word 06');
  await aroha.sees('word 06');

  await Promise.all([aroha.say('word 07'), stage.server.kill()]);
  await stage.restart();
  await wiremu.sees('word 07');

  const words = ['01', '02', '03', '04', '05', '06', '07'].map((number) => `word ${number}`);
  for (const person of [aroha, wiremu]) {
    expect(await person.texts(/word \d\d/)).toEqual(words);
    expect(await person.page.evaluate(() => performance.getEntriesByType('navigation').length)).toBe(1);
    expect(person.faults).toEqual([]);
  }
  for (const person of [aroha, wiremu]) await person.close();
  lineA.close();
  lineB.close();
});

test('somebody invites another by link, and they talk directly', async () => {
  const host = await Person.open(stage.browser, 'Hinemoa', TALL);
  await host.join(stage.server.httpUrl);
  await host.openConversation('Kōrero');
  await host.page
    .getByRole('link', { name: /^People/ })
    .first()
    .click();
  await host.page.getByRole('button', { name: 'Invite people' }).click();
  const link = await host.page.getByRole('dialog').getByLabel('Link').first().inputValue();
  expect(link).toContain('/join/');
  await host.page.keyboard.press('Escape');
  await host.page.locator('nav.places a[href="/talk"]').click();

  const guest = await Person.open(stage.browser, 'Tama', TALL);
  await guest.page.goto(link);
  await guest.page.getByLabel('Your name, as others will see it').fill('Tama');
  await guest.page.getByRole('button', { name: 'Join', exact: true }).click();
  await guest.page.getByRole('link', { name: /^People/ }).click();
  await guest.page.getByLabel('Search by name').fill('Hine');
  await guest.page
    .getByRole('link', { name: /Hinemoa/ })
    .first()
    .click();
  await guest.page.getByRole('link', { name: 'Message', exact: true }).click();
  await guest.say('Tēnā koe, Hinemoa');
  await host.page
    .getByRole('link', { name: /Tama.*Tēnā koe/ })
    .first()
    .click();
  await host.sees('Tēnā koe, Hinemoa');
  await host.say('Tēnā koe, Tama');
  await guest.sees('Tēnā koe, Tama');
  await guest.message('Tēnā koe, Hinemoa').getByTitle('Read').waitFor();
  expect([...host.faults, ...guest.faults]).toEqual([]);
  await host.close();
  await guest.close();
});

test('a reaction, an edit, a thread reply and a deletion reach the other person', async () => {
  const [mere, rangi] = [
    await Person.open(stage.browser, 'Marama', TALL),
    await Person.open(stage.browser, 'Rangi', TALL),
  ];
  for (const person of [mere, rangi]) {
    await person.join(stage.server.httpUrl);
    await person.openConversation('Kai');
  }
  await mere.say('Who has the key of the kitchen?');
  await rangi.sees('Who has the key of the kitchen?');

  const question = rangi.message('Who has the key of the kitchen?');
  await question.focus();
  await rangi.page.keyboard.press('t');
  const panel = rangi.page.getByRole('region', { name: 'Thread' });
  await panel.getByRole('textbox').fill('I do');
  await rangi.page.keyboard.press('Enter');
  await mere.page.getByText('1 reply').waitFor();

  await mere.message('Who has the key of the kitchen?').focus();
  await mere.page.keyboard.press('e');
  await mere.composer().fill('Who has the key of the store?');
  await mere.page.keyboard.press('Enter');
  await rangi.sees('Who has the key of the store?');
  expect(await rangi.message('Who has the key of the kitchen?').count()).toBe(0);

  await mere.message('Who has the key of the store?').focus();
  await mere.page.keyboard.press('Enter');
  await mere.page.getByRole('menuitem', { name: 'Delete' }).click();
  await rangi.page.getByText('This message was deleted.').first().waitFor();
  expect(await rangi.message('Who has the key of the store?').count()).toBe(0);
  expect([...mere.faults, ...rangi.faults]).toEqual([]);
  await mere.close();
  await rangi.close();
});

// proves AP-21
test('who made a private channel removes somebody from it, who cannot read it any more', async () => {
  const [priya, jack] = [
    await Person.open(stage.browser, 'Priya Nair', TALL),
    await Person.open(stage.browser, 'Jack Whitcombe', TALL),
  ];
  const { id } = (await ask(stage.server, 'priya-nair', '/events/hui-taiao-2026/channels', {
    method: 'POST',
    body: JSON.stringify({ title: 'Weir', visibility: 'private' }),
  })) as { readonly id: string };
  await ask(stage.server, 'priya-nair', `/channels/${id}/members/jack-whitcombe`, { method: 'PUT' });
  await Promise.all([priya, jack].map((person) => person.join(stage.server.httpUrl)));
  await priya.page.goto(`${stage.server.httpUrl}/talk/ch:${id}/about`);
  await jack.page.goto(`${stage.server.httpUrl}/talk/ch:${id}/about`);
  await jack.page.getByText('2 members').waitFor();
  expect(await jack.page.getByRole('button', { name: /^Remove .* from the channel/ }).count()).toBe(0);
  await priya.page.getByRole('button', { name: 'Remove Jack Whitcombe from the channel' }).click();
  await priya.page.getByRole('dialog').getByRole('button', { name: 'Remove from the channel' }).click();
  await priya.page.getByText('1 member', { exact: false }).first().waitFor();
  await expect(ask(stage.server, 'jack-whitcombe', `/channels/${id}/members`)).rejects.toThrow('404');
  await jack.page.locator('a.row', { hasText: 'Weir' }).waitFor({ state: 'detached' });
  await Promise.all([priya, jack].map(({ context }) => context.close()));
});
