import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { violations } from './testing/axe.ts';
import { type Harness, type OpenOptions, startHarness } from './testing/harness.ts';
import { LONG } from './testing/world.ts';

// The whole application over a client in memory, in a real browser, under the policy that the server sends.
let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
}, 60_000);
afterAll(() => harness?.close());

const phone: OpenOptions = { width: 360, height: 740, touch: true };
describe('accessibility', () => {
  const screens: readonly (readonly [string, string, OpenOptions])[] = [
    ['a channel', '/talk/ch:welcome', {}],
    ['a channel in the dark, in te reo Māori', '/talk/ch:welcome', { dark: true, language: 'mi' }],
    ['a direct conversation with a failed message, offline', '/talk/dm:u-aroha:u-mere?offline', phone],
    ['what stands beside a channel', '/talk/ch:crew/about', { dark: true }],
    ['the conversations on a phone', '/talk', { ...phone, dark: true }],
    ['an empty event', '/talk?empty', {}],
    ['the programme', '/programme/s-2', {}],
    ['the people', '/people/u-mere', { dark: true }],
    ['oneself', '/me', phone],
    ['the reports', '/me/reports', {}],
    ['a search', '/search?q=room', {}],
    ['joining', '/join?out', {}],
    ['an invitation that does not work', '/join/WRONG?out', { dark: true }],
  ];
  test.each(screens)(
    '%s has no violations',
    async (_name, path, options) => {
      const page = await harness.open(path, options);
      await page.locator('h1').first().waitFor({ state: 'attached' });
      expect(await violations(page)).toEqual([]);
      await page.context().close();
    },
    30_000,
  );

  test('a menu, the palette and the keyboard sheet have no violations', async () => {
    const page = await harness.open('/talk/ch:welcome');
    await page.locator('[data-message]').last().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Reply' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('me');
    await page.getByRole('option', { name: /Mere/ }).first().waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  }, 30_000);

  test('at 200 % text on a phone nothing is wider than the screen', async () => {
    const page = await harness.open('/talk/ch:welcome', phone);
    await page.addStyleTag({ url: '/none.css' }).catch(() => {});
    await page.evaluate(() => {
      document.documentElement.style.fontSize = '200%';
    });
    await page.getByRole('textbox').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.context().close();
  }, 30_000);
});

describe('by keyboard alone', () => {
  test('a message is found with the palette, answered, and focus comes back to the field', async () => {
    const page = await harness.open('/talk');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('welcome');
    await page
      .getByRole('option', { name: /Welcome/ })
      .first()
      .waitFor();
    await page.keyboard.press('Enter');
    const field = page.getByRole('textbox', { name: 'Message to Welcome' });
    await field.waitFor();
    await page.locator('[data-message][tabindex="0"]').focus();
    await page.keyboard.press('ArrowUp');
    await page.locator('[data-message]:focus', { hasText: 'long table' }).waitFor();
    await page.keyboard.press('r');
    await page.getByText('Reply to Mere Tūhoe:').first().waitFor();
    await page.keyboard.type('I am bringing it.');
    await page.keyboard.press('Enter');
    await page
      .locator('[data-message]', { hasText: 'I am bringing it.' })
      .getByText('Stored on the server')
      .waitFor({ state: 'attached' });
    expect(await field.inputValue()).toBe('');
    expect(await field.evaluate((f) => f === document.activeElement)).toBe(true);
    await page.context().close();
  }, 30_000);

  test('Escape closes a menu and gives focus back to the message', async () => {
    const page = await harness.open('/talk/ch:welcome');
    const last = page.locator('[data-message]').last();
    await last.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menu').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('menu').waitFor({ state: 'detached' });
    expect(await last.evaluate((m) => m === document.activeElement)).toBe(true);
    await page.context().close();
  }, 30_000);

  test('single-key shortcuts can be turned off', async () => {
    const page = await harness.open('/me');
    await page.getByRole('checkbox', { name: /^Shortcuts of a single key/ }).uncheck();
    await page.locator('body').press('?');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.context().close();
  }, 30_000);
});

describe('writing', () => {
  test('a draft survives leaving the conversation and reloading the page', async () => {
    const page = await harness.open('/talk/ch:welcome');
    await page.getByRole('textbox', { name: 'Message to Welcome' }).fill('half a sent');
    await page.getByRole('link', { name: /Crew/ }).click();
    await page.getByRole('textbox', { name: 'Message to Crew' }).waitFor();
    await page.getByRole('link', { name: /Welcome/ }).click();
    expect(await page.getByRole('textbox', { name: 'Message to Welcome' }).inputValue()).toBe('half a sent');
    await page.reload();
    expect(await page.getByRole('textbox', { name: 'Message to Welcome' }).inputValue()).toBe('half a sent');
    await page.context().close();
  }, 30_000);

  test('a refused message says why and what can be done', async () => {
    const page = await harness.open('/talk/ch:welcome');
    await page.getByRole('textbox', { name: 'Message to Welcome' }).fill('!refused');
    await page.keyboard.press('Enter');
    const message = page.locator('[data-message]', { hasText: '!refused' });
    await message.getByText('Not sent. You are not allowed to do this.').waitFor();
    await message.getByRole('button', { name: 'Retry' }).click();
    await message.getByText('Stored on the server').waitFor({ state: 'attached' });
    await page.context().close();
  }, 30_000);

  test('offline, what is written waits, and the line says how many', async () => {
    const page = await harness.open('/talk/dm:u-aroha:u-mere?offline');
    await page.getByText('Offline · 3 waiting').waitFor();
    await page.getByRole('textbox').fill('Later then.');
    await page.keyboard.press('Enter');
    await page.getByText('Offline · 4 waiting').waitFor();
    await page
      .locator('[data-message]', { hasText: 'Later then.' })
      .getByText('Waiting to be sent')
      .waitFor({ state: 'attached' });
    await page.context().close();
  }, 30_000);

  // proves AP-21
  test('who moderates a channel removes somebody from it after a word, and not without a connection', async () => {
    const page = await harness.open('/talk/ch:crew/about', { dark: true });
    const tom = page.getByRole('button', { name: 'Remove Tom Whitaker from the channel' });
    await tom.click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Tom Whitaker can no longer read or write here, until somebody adds them again.').waitFor();
    expect(await violations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await tom.press('Enter');
    await dialog.getByRole('button', { name: 'Remove from the channel' }).click();
    await page.getByText('Tom Whitaker was removed.').first().waitFor();
    expect(await tom.count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H3');
    // Oneself one leaves instead.
    expect(await page.getByRole('button', { name: 'Remove Aroha Ngata from the channel' }).count()).toBe(0);
    await page.evaluate(() => window.fake.setLink({ kind: 'offline' }));
    await page.getByText('Adding and removing people needs a connection.').waitFor();
    const mere = page.getByRole('button', { name: 'Remove Mere Tūhoe from the channel' });
    expect(await mere.getAttribute('aria-disabled')).toBe('true');
    await mere.press('Enter');
    expect(await dialog.count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  }, 30_000);

  test('a message that waits can be edited and removed', async () => {
    const page = await harness.open('/talk/ch:crew?offline');
    const field = page.getByRole('textbox', { name: /^Message to/ });
    await field.fill('Bring the keys.');
    await page.keyboard.press('Enter');
    const waiting = page.getByRole('article').filter({ has: page.getByTitle('Waiting to be sent') });
    await waiting.filter({ hasText: 'Bring the keys.' }).waitFor();
    const listed = page.getByRole('list', { name: 'Conversations' }).getByRole('link', { name: /^Crew/ });
    await listed.getByText('You: Bring the keys.').waitFor();
    await listed.getByTitle('Waiting to be sent').waitFor();
    await field.press('ArrowUp');
    await page.getByText('Editing your message').waitFor();
    await field.fill('Bring both keys.');
    await page.keyboard.press('Enter');
    const changed = waiting.filter({ hasText: 'Bring both keys.' });
    await changed.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Edit' }).waitFor();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await changed.waitFor({ state: 'detached' });
    await page.context().close();
  }, 30_000);

  test('a mention is offered after @ and chosen with Enter', async () => {
    const page = await harness.open('/talk/ch:welcome');
    const field = page.getByRole('textbox', { name: 'Message to Welcome' });
    await field.pressSequentially('kia ora @to');
    await page.getByRole('option', { name: /Tom Whitaker/ }).waitFor();
    await page.keyboard.press('Enter');
    expect(await field.inputValue()).toBe('kia ora @Tom Whitaker ');
    await page.context().close();
  }, 30_000);
});

describe('long timelines', () => {
  const topMessage = () => {
    const frame = document.querySelector('.timeline')?.getBoundingClientRect();
    const rows = [...document.querySelectorAll<HTMLElement>('[data-message]')].map((m) => ({
      id: m.dataset['message'],
      top: m.getBoundingClientRect().top - (frame?.top ?? 0),
    }));
    return rows.filter((r) => r.top >= 0).toSorted((a, b) => a.top - b.top)[0];
  };

  test('opens at the newest, and what is read stays in place when older messages load above it', async () => {
    const page = await harness.open('/talk/ch:long');
    await page.getByText(`Message ${LONG}.`).last().waitFor();
    const timeline = page.locator('.timeline').first();
    const size = () => page.evaluate(() => window.fake.conversation('ch:long').state().timeline.length);
    const before = await size();
    await timeline.evaluate((t) => {
      t.scrollTop = 900;
    });
    await page.waitForFunction((n) => window.fake.conversation('ch:long').state().timeline.length > n, before);
    const held = await page.evaluate(topMessage);
    await page.evaluate(() => window.fake.conversation('ch:long').loadOlder());
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    const after = await page.evaluate((id) => {
      const frame = document.querySelector('.timeline')?.getBoundingClientRect();
      const row = document.querySelector(`[data-message="${id}"]`)?.getBoundingClientRect();
      return row && frame ? row.top - frame.top : null;
    }, held?.id);
    expect(after).not.toBeNull();
    expect(Math.abs((after ?? 1e9) - (held?.top ?? 0))).toBeLessThanOrEqual(2);
    await page.context().close();
  }, 30_000);

  test('away from the end a new message does not move the view, and a button leads to it', async () => {
    const page = await harness.open('/talk/ch:long');
    await page.getByText(`Message ${LONG}.`).last().waitFor();
    await page
      .locator('.timeline')
      .first()
      .evaluate((t) => {
        t.scrollTop -= 2_000;
      });
    await page.getByRole('button', { name: /newest/ }).waitFor();
    const held = await page.evaluate(topMessage);
    await page.evaluate(() => window.fake.conversation('ch:long').hear({ sender: 'u-mere', text: 'Just now.' }));
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    const now = await page.evaluate(topMessage);
    expect(now?.id).toBe(held?.id);
    expect(Math.abs((now?.top ?? 1e9) - (held?.top ?? 0))).toBeLessThanOrEqual(2);
    await page.getByRole('button', { name: /newest|new message/ }).click();
    await page.getByText('Just now.').last().waitFor();
    await page.context().close();
  }, 30_000);

  test('at the end, what is said next is followed', async () => {
    const page = await harness.open('/talk/ch:long');
    await page.getByText(`Message ${LONG}.`).last().waitFor();
    for (let i = 0; i < 12; i++) {
      await page.evaluate((n) => window.fake.conversation('ch:long').hear({ sender: 'u-mere', text: `Live ${n}.` }), i);
    }
    const last = page.locator('[data-message]', { hasText: 'Live 11.' });
    await last.waitFor();
    await page.waitForFunction(() => {
      const t = document.querySelector('.timeline');
      return t !== null && t.scrollHeight - t.scrollTop - t.clientHeight < 2;
    });
    expect(await page.getByRole('button', { name: /newest/ }).count()).toBe(0);
    await page.context().close();
  }, 30_000);

  test('leaving and coming back finds the same place', async () => {
    const page = await harness.open('/talk/ch:long');
    await page.getByText(`Message ${LONG}.`).last().waitFor();
    await page
      .locator('.timeline')
      .first()
      .evaluate((t) => {
        t.scrollTop -= 3_000;
      });
    await page.getByRole('button', { name: /newest/ }).waitFor();
    const held = await page.evaluate(topMessage);
    await page.getByRole('link', { name: /Crew/ }).click();
    await page.getByRole('textbox', { name: 'Message to Crew' }).waitFor();
    await page.getByRole('link', { name: /Everything ever said/ }).click();
    await page.locator(`[data-message="${held?.id}"]`).waitFor();
    expect((await page.evaluate(topMessage))?.id).toBe(held?.id);
    await page.context().close();
  }, 30_000);

  test('only what is near the view is in the page', async () => {
    const page = await harness.open('/talk/ch:long');
    await page.getByText(`Message ${LONG}.`).last().waitFor();
    for (let i = 0; i < 5; i++) await page.evaluate(() => window.fake.conversation('ch:long').loadOlder());
    expect(
      await page.evaluate(() => window.fake.conversation('ch:long').state().timeline.length),
    ).toBeGreaterThanOrEqual(1_000);
    expect(await page.locator('[data-message]').count()).toBeLessThan(80);
    await page.context().close();
  }, 30_000);
});

test('nothing asked for more than the content security policy allows, and nothing failed in the console', () => {
  expect(harness.complaints).toEqual([]);
});
