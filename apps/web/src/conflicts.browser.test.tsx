import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Conflict } from '@konferenco/client';
import { violations } from './testing/axe.ts';
import { type Harness, startHarness } from './testing/harness.ts';

// What a person is told of conflicts, over a client in memory, in a real browser.
let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
}, 60_000);
afterAll(() => harness?.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const at: Harness['visit'] = (path, options, work) => harness.visit(path, options, work);

// proves AP-13, CF-1
test.each([
  {
    language: 'en' as const,
    words: [
      'Your title “A” was replaced by “B” from Mere Tūhoe.',
      'Your room (empty) for “What a buyer needs to know before lambing” was replaced by “B” from Mere Tūhoe.',
      /^Your time 15:00–15:30 for “What a .*” was replaced by 16:00–16:45 from Mere Tūhoe\.$/,
      /^Your beginning Thursday, 19 November, 15:00 of “What a .*” was replaced by Friday, 20 November, 15:00 from Mere Tūhoe\.$/,
      /^Your list of speakers “A and B” for “What a .*” was replaced by “C” from Mere Tūhoe\.$/,
      /^Mere Tūhoe cancelled “What a .*” without knowing that you had taken its cancellation back\.$/,
      /^Your words “A” on the agenda of the meeting “.*” were replaced by “B” from Mere Tūhoe\.$/,
      /^Your time 15:00–15:30 for the meeting “.*” was replaced by 16:00–16:45 \(Foyer\) from Mere Tūhoe\.$/,
    ],
  },
  {
    language: 'mi' as const,
    words: [
      'I whakakapia e Mere Tūhoe tō taitara “A” ki “B”.',
      'I whakakapia e Mere Tūhoe tō rūma (he wātea) mō te wāhanga “What a buyer needs to know before lambing” ki “B”.',
      /^I whakakapia e Mere Tūhoe tō wā 15:00–15:30 mō te wāhanga “What a .*” ki 16:00–16:45\.$/,
      /^I whakakapia e Mere Tūhoe tō wā tīmata .*15:00 mō te wāhanga “What a .*” ki .*, 15:00\.$/,
      /^I whakakapia e Mere Tūhoe tō rārangi kaikōrero “A me B” mō te wāhanga “What a .*” ki “C”\.$/,
      /^I whakakorea e Mere Tūhoe te wāhanga “What a .*”, kāore ia i mōhio kua whakahokia mai e koe\.$/,
      /^I whakakapia e Mere Tūhoe ō kupu “A” i ngā take o te hui “.*” ki “B”\.$/,
      /^I whakakapia e Mere Tūhoe tō wā 15:00–15:30 mō te hui “.*” ki 16:00–16:45 \(Foyer\)\.$/,
    ],
  },
])(
  'a conflict names the field, what both wrote, and whose stands ($language)',
  async ({ language, words }) => {
    await at('/talk', { language }, async (page) => {
      // Three in the afternoon at the venue, half an hour from now.
      const three = Date.UTC(2026, 10, 19, 2);
      const slots = {
        mine: { starts_at: three, ends_at: three + 30 * MINUTE },
        theirs: { starts_at: three + HOUR, ends_at: three + 105 * MINUTE },
      };
      const session = { kind: 'overridden' as const, document: 'session/s-3', by: 'u-mere' };
      const meeting = { ...session, document: 'meeting/m-1' };
      const speakers = (...names: readonly string[]) => names.map((name) => ({ name }));
      const told: readonly Conflict[] = [
        { ...session, field: 'title', mine: 'A', theirs: 'B' },
        { ...session, field: 'room', mine: '', theirs: 'B' },
        { ...session, field: 'time', ...slots },
        { ...session, field: 'starts_at', mine: three, theirs: three + 24 * HOUR },
        { ...session, field: 'speakers', mine: speakers('A', 'B'), theirs: speakers('C') },
        { ...session, field: 'cancelled', mine: null, theirs: { reason: '' } },
        {
          ...meeting,
          field: 'agenda',
          item: 'x:1',
          mine: { text: 'A', done: false },
          theirs: { text: 'B', done: true },
        },
        { ...meeting, field: 'time', ...slots, theirs: { ...slots.theirs, place: 'Foyer' } },
      ];
      for (const [index, conflict] of told.entries()) {
        await page.evaluate((one) => window.fake.tellConflict(one), conflict);
        const said = await page.locator('.conflicts .notice p').textContent();
        expect(said).toMatch(words[index] ?? '');
        await page.evaluate(() => window.fake.conflicts.dismiss(window.fake.conflicts.state()[0]?.id ?? ''));
      }
    });
  },
  30_000,
);

// proves AP-13, CF-1
test('one’s own value is set again with one button, and the keyboard goes on from there', async () => {
  await at('/talk', {}, async (page) => {
    await page.evaluate(() => {
      const lost = { kind: 'overridden' as const, document: 'session/s-3', by: 'u-mere', field: 'room' as const };
      window.fake.tellConflict({ ...lost, mine: 'Hall B', theirs: 'Hall A' });
      window.fake.tellConflict({ kind: 'accept_again', meeting: 'm-3' });
    });
    const mine = page.getByRole('button', { name: 'Use mine' });
    expect(
      await mine.evaluate((e) => document.getElementById(e.getAttribute('aria-describedby') ?? '')?.textContent),
    ).toMatch(/“Hall B”/);
    await mine.focus();
    await page.keyboard.press('Enter');
    await page.getByText('Yours stands again.').waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Answer again');
    expect(
      await page.evaluate(
        () =>
          window.fake
            .programme('')
            .state()
            .sessions.find(({ id }) => id === 's-3')?.room,
      ),
    ).toBe('Hall B');
    await page.locator('.conflicts').getByRole('button', { name: 'Close' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.conflicts .notice').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('content');
    expect(await violations(page)).toEqual([]);
  });
}, 30_000);
