import { expect, test } from 'bun:test';
import { en } from '../../i18n/en.ts';
import { createLocale } from '../../i18n/locale.ts';
import { mi } from '../../i18n/mi.ts';
import { enSharing, miSharing, type SharingKey, sharingWords } from './sharing-words.ts';

const keys = Object.keys(enSharing) as SharingKey[];
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test('te reo Māori says everything in its own words, with the values that English uses', () => {
  for (const key of keys) {
    expect([key, placeholders(miSharing[key])]).toEqual([key, placeholders(enSharing[key])]);
    expect(miSharing[key]).not.toBe(enSharing[key]);
  }
  expect(Object.values(miSharing).join(' ')).not.toMatch(/(?<!\p{L})(nga|Maori)(?!\p{L})/iu);
});

test('the language is that of the page', () => {
  expect(sharingWords(createLocale('en', en))('since', { since: '14:05' })).toBe('Since 14:05.');
  expect(sharingWords(createLocale('mi', mi))('share')).toBe('Tohaina taku wāhi');
});
