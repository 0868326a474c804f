import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { violations } from './testing/axe.ts';
import { type Harness, type OpenOptions, startHarness } from './testing/harness.ts';

// The programme, meetings and what is told of working without a network, over a client in memory, in a real browser.
let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
}, 60_000);
afterAll(() => harness?.close());

const phone: OpenOptions = { width: 360, height: 740, touch: true };

const at: Harness['visit'] = (path, options, work) => harness.visit(path, options, work);

describe('accessibility', () => {
  // proves AP-12
  const screens: readonly (readonly [string, string, OpenOptions])[] = [
    ['the programme on a phone', '/programme', phone],
    ['a cancelled session, in the dark', '/programme/s-4', { dark: true }],
    ['a session with a clash, in te reo Māori', '/programme/s-6?mine', { language: 'mi' }],
    ['my agenda', '/programme?mine', { ...phone, dark: true }],
    ['a meeting that waits for an answer', '/meetings/m-3', {}],
    ['a meeting with an agenda, on a phone', '/meetings/m-1', { ...phone, language: 'mi' }],
    ['a direct conversation with a meeting', '/talk/dm:u-aroha:u-mere', phone],
    ['what the device keeps', '/me/device?offline', {}],
    ['what the device keeps, on a phone in the dark', '/me/device', { ...phone, dark: true, language: 'mi' }],
    ['a browser that keeps nothing', '/talk?memory', phone],
  ];
  test.each(screens)(
    '%s has no violations and is no wider than the screen',
    async (_name, path, options) => {
      await at(path, options, async (page) => {
        await page.locator('h1, h2').first().waitFor({ state: 'attached' });
        expect(await violations(page)).toEqual([]);
        const width = options.width ?? 1_440;
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      });
    },
    30_000,
  );

  // proves AP-12
  test.each([
    ['asking for a meeting', '/people/u-tom', 'Ask for a meeting'],
    ['declining one', '/meetings/m-2', 'Decline'],
  ])(
    '%s has no violations, also with text of twice the size on a phone',
    async (_name, path, button) => {
      await at(path, phone, async (page) => {
        await page.getByRole('button', { name: button }).click();
        await page.getByRole('dialog').waitFor();
        expect(await violations(page)).toEqual([]);
        await page.evaluate(() => {
          document.documentElement.style.fontSize = '200%';
        });
        const dialog = page.getByRole('dialog');
        expect(await dialog.evaluate((d) => d.scrollWidth - d.clientWidth)).toBeLessThanOrEqual(0);
      });
    },
    30_000,
  );
});

describe('the programme', () => {
  // proves AP-7
  test('is filtered by words and room, and by what is mine', async () => {
    await at('/programme', {}, async (page) => {
      const rows = page.locator('[data-programme] [data-entry]');
      await page.getByRole('searchbox').fill('korero');
      await page.waitForFunction(() => document.querySelectorAll('[data-programme] [data-entry]').length === 1);
      expect(await rows.first().textContent()).toContain('Kōrero mō te whenua');
      await page.getByRole('searchbox').fill('');
      await page.getByLabel('Room').selectOption('Room B');
      await page.waitForFunction(() => document.querySelectorAll('[data-programme] [data-entry]').length === 2);
      await page.getByRole('link', { name: 'My agenda' }).click();
      await page.getByRole('heading', { name: 'Needs your answer' }).waitFor();
      const mine = await rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-entry')));
      expect(mine.slice(0, 2)).toEqual(['m-2', 'm-3']);
      expect(mine).toContain('s-2');
      expect(mine).not.toContain('s-1');
    });
  }, 30_000);

  // proves AP-8
  test('without a network a star and "I’ll be there" stay, and say that they wait; with one they do not', async () => {
    await at('/programme/s-8?offline', {}, async (page) => {
      await page.getByText('Offline · 3 waiting').waitFor();
      await page.getByRole('button', { name: 'Favourite', exact: true }).click();
      await page.getByRole('button', { name: 'I’ll be there' }).click();
      await page.getByText('1 going').waitFor();
      const detail = page.locator('.main-column');
      await detail.getByText('Waiting to be sent').waitFor();
      await page.getByText('Offline · 4 waiting').waitFor();
      expect(await detail.getByRole('button', { name: 'I’ll be there' }).getAttribute('aria-pressed')).toBe('true');
      await page.evaluate(() => window.fake.setLink({ kind: 'online' }));
      await detail.getByText('Waiting to be sent').waitFor({ state: 'detached' });
    });
  }, 30_000);

  // proves AP-9
  test('says what changed in words, counts the changes, and forgets them when they are seen', async () => {
    await at('/programme', {}, async (page) => {
      const box = page.getByRole('region', { name: '3 changes to your programme' });
      await box.getByText('Now 15:30, was 15:00 · Now in Room A, was in Room C').waitFor();
      await box.getByText('Cancelled. The speaker’s flight was turned back.').waitFor();
      expect(await page.locator('[data-entry="s-3"]').getByText('Changed').count()).toBe(1);
      expect(await page.locator('[data-entry="s-4"]').getByText('Cancelled').count()).toBe(1);
      await box.getByRole('button', { name: 'Got it' }).click();
      await box.waitFor({ state: 'detached' });
      expect(await page.locator('[data-entry="s-3"]').getByText('Changed').count()).toBe(0);
    });
  }, 30_000);

  // proves AP-15
  test('warns of a clash, and shows the venue’s time and one’s own where they differ', async () => {
    await at('/programme/s-6', { timeZone: 'Europe/Berlin' }, async (page) => {
      await page.getByText('Thursday, 19 November, 16:45–17:30').waitFor();
      await page.getByText('Your time: Thursday, 19 November, 04:45–05:30').waitFor();
      await page.evaluate(() => window.fake.meetings.accept('m-2'));
      await page.locator('.main-column').getByRole('link', { name: 'Lambs for August' }).waitFor();
    });
  }, 30_000);

  // proves AP-10
  test('is edited by organisers: only what changed is sent, in the venue’s time', async () => {
    await at('/programme/s-3', { timeZone: 'Europe/Berlin' }, async (page) => {
      await page.evaluate(() => {
        const { fake } = window;
        const programme = fake.programme('e-1');
        const { change } = programme;
        (window as unknown as { changes: unknown[] }).changes = [];
        programme.change = (id, fields) => {
          (window as unknown as { changes: unknown[] }).changes.push(fields);
          return change(id, fields);
        };
      });
      await page.getByRole('button', { name: 'Session actions' }).click();
      await page.getByRole('menuitem', { name: 'Edit the session' }).click();
      expect(await page.getByLabel('Begins').inputValue()).toBe('2026-11-19T15:30');
      await page.getByLabel('Begins').fill('2026-11-19T16:00');
      expect(await page.getByLabel('Ends').inputValue()).toBe('2026-11-19T16:45');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Thursday, 19 November, 16:00–16:45').waitFor();
      const at = Date.UTC(2026, 10, 19, 3, 0);
      expect(await page.evaluate(() => (window as unknown as { changes: unknown[] }).changes)).toEqual([
        { starts_at: at, ends_at: at + 45 * 60_000 },
      ]);
    });
  }, 30_000);

  // proves AP-10
  test('a session is added, cancelled with a reason, and reinstated', async () => {
    await at('/programme', {}, async (page) => {
      await page.getByRole('button', { name: 'Add a session' }).click();
      await page.getByLabel('Title').fill('Shearing, slowly');
      await page.getByLabel('Speakers, one on each line').fill('Tom Whitaker\nA visitor');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('heading', { name: 'Shearing, slowly' }).waitFor();
      await page.locator('.main-column').getByRole('link', { name: 'Tom Whitaker' }).waitFor();
      await page.getByRole('button', { name: 'Session actions' }).click();
      await page.getByRole('menuitem', { name: 'Cancel the session' }).click();
      await page.getByLabel('Reason (optional)').fill('The sheep got out.');
      await page.getByRole('button', { name: 'Cancel the session' }).click();
      await page.getByText('Cancelled. The sheep got out.').waitFor();
      await page.getByRole('button', { name: 'Session actions' }).click();
      await page.getByRole('menuitem', { name: 'It takes place after all' }).click();
      await page.getByText('Cancelled. The sheep got out.').waitFor({ state: 'detached' });
    });
  }, 30_000);
});

describe('meetings', () => {
  // proves AP-11
  test('somebody is asked for one from their card, offline, at a free time, and it waits', async () => {
    await at('/people/u-tom?offline', phone, async (page) => {
      await page.getByRole('button', { name: 'Ask for a meeting' }).click();
      await page.getByLabel('What it is about').fill('Forty lambs');
      await page.getByRole('radio').nth(1).check();
      await page.getByRole('button', { name: 'Ask', exact: true }).click();
      await page.getByRole('heading', { name: 'Forty lambs' }).waitFor();
      await page.getByText('Tom Whitaker has not answered yet').last().waitFor();
      await page.locator('.main-column').getByText('Waiting to be sent').waitFor();
    });
  }, 30_000);

  // proves AP-11
  test('that was moved after I accepted asks me again, and one press accepts it', async () => {
    await at('/meetings/m-3', {}, async (page) => {
      await page.getByText('The time changed after you accepted.').waitFor();
      await page.getByRole('button', { name: 'Accept the new time' }).click();
      await page.locator('.main-column').getByText('Agreed').waitFor();
      expect(await page.getByText('The time changed after you accepted.').count()).toBe(0);
    });
  }, 30_000);

  // proves AP-11
  test('stands as a card above the conversation with the person, and is answered there', async () => {
    await at('/talk/dm:u-aroha:u-mere', {}, async (page) => {
      await page.evaluate(() => window.fake.meetings.propose('m-1', { starts_at: 0, ends_at: 0 }));
      await page.getByRole('button', { name: 'Conversation actions' }).click();
      await page.getByRole('menuitem', { name: 'Ask for a meeting' }).click();
      await page.getByLabel('What it is about').fill('The auger');
      await page.getByRole('button', { name: 'Ask', exact: true }).click();
      await page.getByRole('heading', { name: 'The auger' }).waitFor();
      await page.goBack();
      await page.getByRole('region', { name: 'Meetings' }).getByRole('link', { name: 'The auger' }).waitFor();
    });
  }, 30_000);

  // proves AP-11
  test('have an agenda that is added to, ticked off and shortened by keyboard', async () => {
    await at('/meetings/m-1', {}, async (page) => {
      await page.getByLabel('Add something to talk about').fill('Rain');
      await page.keyboard.press('Enter');
      const item = page.getByRole('checkbox', { name: 'Rain' });
      await item.focus();
      await page.keyboard.press('Space');
      await page.waitForFunction(
        () =>
          window.fake.meetings
            .state()
            .items.find((m) => m.id === 'm-1')
            ?.agenda.at(-1)?.done === true,
      );
      await page.getByRole('button', { name: 'Remove “Rain”' }).press('Enter');
      await item.waitFor({ state: 'detached' });
      expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
        'Add something to talk about',
      );
    });
  }, 30_000);

  // proves AP-11
  test('have minutes in which what the other writes does not move my caret from its word', async () => {
    await at('/meetings/m-1', {}, async (page) => {
      const field = page.getByRole('textbox', { name: 'Minutes' });
      await field.waitFor();
      await field.press('Control+Home');
      for (let i = 0; i < 'Bring '.length; i++) await field.press('ArrowRight');
      await page.evaluate(() => window.fake.writeNotes('m-1', 'From Mere: yes. '));
      await page.waitForFunction(() =>
        document.querySelector<HTMLTextAreaElement>('.minutes textarea')?.value.startsWith('From Mere'),
      );
      await page.keyboard.type('also ');
      expect(await field.inputValue()).toBe('From Mere: yes. Bring also the auger. ');
    });
  }, 30_000);
});

describe('what is told', () => {
  // proves AP-13
  test('a conflict is said in plain words, with what can be done, and stays until it is closed', async () => {
    await at('/talk', {}, async (page) => {
      await page.evaluate(() => {
        window.fake.tellConflict({ kind: 'accept_again', meeting: 'm-3' });
        window.fake.tellConflict({
          ...{ kind: 'overridden', document: 'session/s-3', by: 'u-mere' },
          ...{ field: 'room', mine: 'Hall B', theirs: 'Hall A' },
        });
        window.fake.tellConflict({ kind: 'removed', channel: 'crew' });
        window.fake.tellConflict({
          kind: 'refused',
          document: 'session/s-2',
          error: { code: 2100, error: 'forbidden', message: '' },
        });
      });
      await page
        .getByText(
          'Your room “Hall B” for “What a buyer needs to know before lambing” was replaced by “Hall A” from Mere Tūhoe.',
        )
        .waitFor();
      await page.getByText('An organiser removed you from Crew before you joined.').waitFor();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Answer again' }).click();
      await page.getByRole('heading', { name: 'Cooperatives, over coffee' }).waitFor();
      await page.getByText('You are not allowed to do this.').waitFor();
      for (let left = 3; left > 0; left--)
        await page.locator('.conflicts').getByRole('button', { name: 'Close' }).first().click();
      expect(await page.locator('.conflicts .notice').count()).toBe(0);
    });
  }, 30_000);

  // proves AP-13
  test('the line says offline and since when, slow, and what is being sent', async () => {
    await at('/talk?offline', {}, async (page) => {
      await page.getByText('Offline · 3 waiting · Last up to date 4 min ago').waitFor();
      await page.evaluate(() => window.fake.setLink({ kind: 'online', transport: 'poll' }));
      await page
        .getByText(/Slow link · text first/)
        .first()
        .waitFor();
      await page
        .getByText(/Sending \d…/)
        .first()
        .waitFor();
      expect(await violations(page)).toEqual([]);
    });
  }, 30_000);

  // proves AP-13
  test('the newest message stays in view when a line appears above the conversation', async () => {
    await at('/talk/ch:long', phone, async (page) => {
      const beyond = () =>
        page
          .locator('.timeline')
          .first()
          .evaluate((t) => t.scrollHeight - t.scrollTop - t.clientHeight);
      await page.getByText('Message 100000.').last().waitFor();
      expect(await beyond()).toBeLessThan(2);
      await page.evaluate(() => window.fake.setLink({ kind: 'offline' }));
      await page.getByRole('status').getByText('Offline').waitFor();
      await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
      expect(await beyond()).toBeLessThan(2);
    });
  }, 30_000);

  // proves AP-13
  test('a browser that keeps nothing, a damaged and a full store are said at once', async () => {
    await at('/talk?memory', {}, (page) => page.getByText('This browser keeps nothing here').waitFor());
    await at('/talk?recovered', {}, async (page) => {
      await page.getByText('2 messages that waited were saved. 1 message that waited is lost.').waitFor();
      await page.evaluate(() => window.fake.tell('storage', { fault: 'full', message: '' }));
      await page.getByText('There is no room left on this device.').waitFor();
    });
  }, 30_000);

  // proves AP-13
  test('a message that was written offline says when it was written and when it arrived', async () => {
    await at('/talk/ch:welcome', {}, async (page) => {
      await page.evaluate(() => {
        const now = Date.UTC(2026, 10, 19, 1, 30);
        window.fake.conversation('ch:welcome').hear({
          sender: 'u-tom',
          text: 'From the valley.',
          placed_late: { written_at: now - 158 * 60_000, arrived_at: now },
        });
      });
      await page.getByText('Written 11:52, arrived 14:30').waitFor();
      await page.evaluate(() => {
        const conversation = window.fake.conversation('ch:welcome');
        const first = conversation.state().timeline.find((e) => e.kind === 'message');
        conversation.comeLate(first?.kind === 'message' ? [first.id] : []);
      });
      await page.getByRole('button', { name: '1 message came late and stands further up' }).click();
      await page.locator('.message.highlighted', { hasText: 'Is there anywhere to charge a phone' }).waitFor();
    });
  }, 30_000);
});

describe('what the device keeps', () => {
  // proves AP-14
  test('is shown, with what waits: each can be removed before it is sent', async () => {
    await at('/me/device?offline', {}, async (page) => {
      await page.getByText('1,312 messages').waitFor();
      await page.getByText('3.4 MB of 640 MB used').waitFor();
      const waiting = page.locator('.waiting-list li', { hasText: 'On my way.' });
      await waiting.getByRole('link', { name: 'To Mere Tūhoe' }).waitFor();
      const dialog = page.getByRole('dialog');
      await waiting.getByRole('button', { name: 'Remove “On my way.”' }).click();
      await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
      await waiting.waitFor({ state: 'detached' });
      const favourite = (title: string) => page.locator('.waiting-list li', { hasText: `Favourite: ${title}` });
      const [first, second] = [favourite('Reading soil'), favourite('Water rights')];
      await first.getByText('Something later builds on this: remove that first.').waitFor();
      expect(await first.getByRole('button').count()).toBe(0);
      await second.getByRole('button').press('Enter');
      expect(await violations(page)).toEqual([]);
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      await second.getByRole('button').click();
      await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
      await second.waitFor({ state: 'detached' });
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Waiting to be sent');
      await first.getByRole('button').waitFor();
      await page.getByRole('button', { name: 'Sync now' }).click();
      await page.getByText('That did not work.').waitFor();
      await page.evaluate(() => window.fake.setLink({ kind: 'online' }));
      await page.getByRole('button', { name: 'Sync now' }).click();
      await page.getByText('Everything is up to date.').waitFor();
    });
  }, 30_000);

  // proves AP-14
  test('is removed only after a word about what would be lost', async () => {
    await at('/me/device?offline', {}, async (page) => {
      await page.getByRole('button', { name: 'Remove from this device' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('3 things have not been sent and would be lost.').waitFor();
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      expect(await page.evaluate(() => window.fake.me?.name)).toBe('Aroha Ngata');
      await page.getByRole('button', { name: 'Remove from this device' }).click();
      await dialog.getByRole('button', { name: 'Remove from this device' }).click();
      await page.getByRole('heading', { name: 'Join an event' }).waitFor();
    });
  }, 30_000);
});

// proves AP-8
test('without a network somebody is blocked and one’s name changed, and both are shown as done', async () => {
  await at('/people/u-tom?offline', {}, async (page) => {
    await page.getByRole('button', { name: 'Block', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Block', exact: true }).click();
    await page.getByRole('button', { name: 'Unblock' }).waitFor();
    await page.getByRole('link', { name: /Me$/ }).click();
    await page.getByLabel('Name', { exact: true }).fill('Aroha N.');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Aroha N.' }).waitFor();
    await page.locator('.row', { hasText: 'Tom Whitaker' }).getByRole('button', { name: 'Unblock' }).waitFor();
  });
}, 30_000);

test('people this device has met are found without a network', async () => {
  await at('/people?offline', phone, async (page) => {
    // proves AP-8
    await page.getByText('No connection: these are people this device has met.').waitFor();
    await page.getByRole('searchbox').fill('tu');
    await page.getByRole('link', { name: /Mere Tūhoe/ }).waitFor();
    expect(await page.getByRole('link', { name: /Tom Whitaker/ }).count()).toBe(0);
  });
}, 30_000);

test('nothing asked for more than the content security policy allows, and nothing failed in the console', () => {
  expect(harness.complaints).toEqual([]);
});
