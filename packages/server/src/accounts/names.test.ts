import { describe, expect, test } from 'bun:test';
import { isId } from '@konferenco/protocol';
import fc from 'fast-check';
import { cleanName, foldName, slugOf } from './names.ts';

describe('names', () => {
  test('are kept readable: no control or formatting characters, single spaces', () => {
    expect(cleanName('  Mere \u202e\n Tāwhai ')).toBe('Mere Tāwhai');
    expect(() => cleanName('\u200b')).toThrow();
    expect(() => cleanName('x'.repeat(81))).toThrow();
  });

  test('fold to what is typed without a macron key', () => {
    expect(foldName('Mere Tāwhai')).toBe('mere_tawhai');
    expect(slugOf('Mere Tāwhai')).toBe('mere-tawhai');
    expect(slugOf('王小明')).toBe('user');
  });

  test('always give a valid id and a key part without a slash', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (name) => {
        expect(isId(slugOf(name))).toBe(true);
        expect(foldName(name)).not.toContain('/');
        expect(foldName(name).length).toBeLessThanOrEqual(40);
      }),
    );
  });
});

test('nobody bears the id of the system', () => {
  expect(slugOf('System')).toBe('user');
});
