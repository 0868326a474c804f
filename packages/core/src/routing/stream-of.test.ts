import { expect, test } from 'bun:test';
import { TAXONOMY } from '@konferenco/protocol';
import { streamOf } from './stream-of.ts';

test('every type of which something is stored has a stream, and a type that never is has none', () => {
  for (const [type, subtypes] of Object.entries(TAXONOMY)) {
    const isStored = Object.values(subtypes).some((rule) => rule.retention_s > 0);
    expect([type, streamOf(type) !== null]).toEqual([type, isStored]);
  }
});

test('what a newer version stored goes to no stream of this one', () => {
  expect(streamOf('weather')).toBeNull();
  expect(streamOf('constructor')).toBeNull();
});
