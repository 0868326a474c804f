import { describe, expect, test } from 'bun:test';
import type { OperatedEvent } from '@konferenco/client/operator';
import { en as pageEn } from '../../i18n/en.ts';
import { createLocale } from '../../i18n/locale.ts';
import { en } from './en.ts';
import { eventWords } from './event-words.ts';
import { mi } from './mi.ts';
import { duration, rounded, type WordKey, wordsOf } from './words.ts';

const keys = Object.keys(en) as WordKey[];
const textsOf = (entry: string | { readonly one: string; readonly other: string }) =>
  typeof entry === 'string' ? [entry] : [entry.one, entry.other];
const placeholders = (text = '') => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort();

describe('the console in two languages', () => {
  test('uses the same values, and leaves nothing empty or in English', () => {
    for (const key of keys) {
      expect({ key, names: placeholders(textsOf(mi[key]).at(-1)) }).toEqual({
        key,
        names: placeholders(textsOf(en[key]).at(-1)),
      });
      for (const text of textsOf(mi[key])) expect(text.trim()).not.toBe('');
    }
    expect(keys.filter((key) => JSON.stringify(mi[key]) === JSON.stringify(en[key]))).toEqual([]);
  });

  test('has macrons where they belong', () => {
    const all = keys.flatMap((key) => textsOf(mi[key])).join(' ');
    expect(all).not.toMatch(/(?<!\p{L})(nga|Nga|tangata katoa nga|whakamohio\w*|putanga o nga)(?!\p{L})/u);
  });
});

const say = wordsOf(createLocale('en', pageEn, 'UTC'));
const words = (event: Partial<OperatedEvent>) =>
  eventWords(
    { id: 1, at: 1_000, what: 'node_gone', subject: 'node-1', ...event },
    { say, who: (id) => id.toUpperCase(), now: 66_000 },
  );

describe('an event in words', () => {
  test('of a part says what is in force meanwhile, and how long it lasts or lasted', () => {
    const outage = { what: 'part_away', subject: 'redis', rung: 'each_for_itself' } as const;
    expect(words({ ...outage, until: null })).toEqual({
      text: 'Redis is away. Meanwhile: Presence goes from node to node; each node counts rates for itself.',
      time: 'lasts, for 1 min 5 s so far',
      needsYou: true,
    });
    expect(words({ ...outage, until: 13_000 })).toMatchObject({ time: 'for 12 s', needsYou: false });
  });

  test('of a person names them', () => {
    expect(words({ what: 'drain_asked', by: 'mere' }).text).toBe('MERE asked node-1 to drain');
  });

  test('that came several times says how many', () => {
    expect(words({ what: 'holes_repaired', count: 1, until: 1_000 })).toMatchObject({
      text: 'A hole in live copies was filled from the store',
      time: null,
    });
    expect(words({ what: 'slow_resyncs', count: 1_200, until: 1_000 }).text).toStartWith('1,200 live copies');
  });

  test('there are words for every kind', () => {
    const kinds = [
      'node_joined',
      'node_returned',
      'node_restarted',
      'node_suspected',
      'node_gone',
      'node_left',
    ] as const;
    for (const what of [
      ...kinds,
      'node_draining',
      'node_opened',
      'node_unwanted',
      'relay_lead',
      'relay_yield',
    ] as const)
      expect(words({ what }).text).toContain('node-1');
  });
});

test('times have their two largest units, and figures as many digits as they deserve', () => {
  expect([0.4, 850, 12_900, 60_000, 200_000, 7_500_000].map(duration)).toEqual([
    '0 ms',
    '850 ms',
    '12 s',
    '1 min',
    '3 min 20 s',
    '2 h 5 min',
  ]);
  expect([0.123, 12.34, 1234.5].map(rounded)).toEqual([0.12, 12.3, 1235]);
});
