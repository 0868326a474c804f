import { describe, expect, test } from 'bun:test';
import { en } from './en.ts';
import { createLocale, dayKey } from './locale.ts';
import { mi } from './mi.ts';

const textsOf = (entry: string | { one: string; other: string }): readonly string[] =>
  typeof entry === 'string' ? [entry] : [entry.one, entry.other];
const placeholders = (text: string): readonly string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort();
const keys = Object.keys(en) as (keyof typeof en)[];

describe('the catalogues', () => {
  test('te reo Māori uses the values English uses, and no others', () => {
    for (const key of keys) {
      const english = new Set(textsOf(en[key]).flatMap(placeholders));
      for (const text of textsOf(mi[key])) {
        for (const name of placeholders(text))
          expect({ key, english: [...english] }).toEqual({ key, english: expect.arrayContaining([name]) });
      }
      const other = textsOf(mi[key]).at(-1) ?? '';
      expect({ key, names: [...new Set(placeholders(other))] }).toEqual({
        key,
        names: [...new Set(placeholders(textsOf(en[key]).at(-1) ?? ''))],
      });
    }
  });

  test('nothing is empty and nothing was left in English', () => {
    const same = keys.filter((key) => JSON.stringify(mi[key]) === JSON.stringify(en[key]));
    for (const key of keys) for (const text of textsOf(mi[key])) expect(text.trim()).not.toBe('');
    // Those that hold nothing but values and signs.
    expect(same).toEqual(
      ['time.minutes_short', 'preview.name', 'arrived'].filter((k) =>
        same.includes(k as keyof typeof en),
      ) as (keyof typeof en)[],
    );
  });

  test('words that need macrons have them', () => {
    const all = keys.flatMap((key) => textsOf(mi[key])).join(' ');
    for (const wrong of [
      /\bMaori\b/,
      /\bKorero\b/i,
      /\btangata katoa nga\b/i,
      /(?<!\p{L})nga(?!\p{L})/iu,
      /\bTangata\b(?= me nga)/,
    ])
      expect(all).not.toMatch(wrong);
  });
});

describe('a locale', () => {
  const now = Date.UTC(2026, 10, 19, 1, 30);
  const english = createLocale('en', en, 'Pacific/Auckland');
  const maori = createLocale('mi', mi, 'Pacific/Auckland');

  test('numbers choose the singular or the plural', () => {
    expect(english.t('thread.replies', { count: 1 })).toBe('1 reply');
    expect(english.t('thread.replies', { count: 1_200 })).toBe('1,200 replies');
    expect(maori.t('thread.replies', { count: 1 })).toBe('Kotahi whakautu');
    expect(maori.t('thread.replies', { count: 3 })).toBe('E 3 ngā whakautu');
  });

  test('times are relative under a day and dates after it', () => {
    expect(english.relative(now - 30_000, now)).toBe('now');
    expect(english.relative(now - 5 * 60_000, now)).toBe('5 min ago');
    expect(english.relative(now - 26 * 3_600_000, now)).toBe('18 Nov, 12:30');
    expect(maori.relative(now - 26 * 3_600_000, now)).toBe('18 Whiringa-ā-rangi, 12:30');
  });

  test('days carry their names, and the year when it is another one', () => {
    expect(english.day(now, now)).toBe('Thursday, 19 November');
    expect(maori.day(now, now)).toBe('Rāpare, 19 Whiringa-ā-rangi');
    expect(maori.day(now, now + 400 * 86_400_000)).toBe('Rāpare, 19 Whiringa-ā-rangi 2026');
  });

  test('lists end with the language’s own "and"', () => {
    expect(english.list(['a', 'b', 'c'])).toBe('a, b and c');
    expect(maori.list(['a', 'b', 'c'])).toBe('a, b me c');
  });

  test('a day begins at the venue’s midnight, not at the reader’s', () => {
    const lateEvening = Date.UTC(2026, 10, 19, 10, 30);
    const nextMorning = Date.UTC(2026, 10, 19, 11, 30);
    expect(dayKey(lateEvening, 'Pacific/Auckland')).not.toBe(dayKey(nextMorning, 'Pacific/Auckland'));
    expect(dayKey(lateEvening, 'UTC')).toBe(dayKey(nextMorning, 'UTC'));
  });
});
