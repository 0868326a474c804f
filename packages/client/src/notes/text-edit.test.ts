import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { movedPosition, pieces, smallestEdit, survivingRanges, type TextDelta } from './text-edit.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', 'ā', '🦜', '🥝'), maxLength: 30 });

test('the smallest edit makes the one text into the other and cuts no surrogate pair', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const edit = smallestEdit(before, after);
      if (!edit) return expect(before).toBe(after);
      expect(before.slice(0, edit.from) + edit.insert + before.slice(edit.to)).toBe(after);
      for (const part of [before.slice(0, edit.from), edit.insert, before.slice(edit.to)])
        expect(part.isWellFormed()).toBe(true);
    }),
  );
});

test('a letter typed into a word is all that the edit is about', () => {
  expect(smallestEdit('kia oa', 'kia ora')).toEqual({ from: 5, to: 5, insert: 'r' });
  expect(smallestEdit('🦜', '🥝')).toEqual({ from: 0, to: 2, insert: '🥝' });
});

test('a caret moves with what was put in or taken out before it, and stays where text is put in right at it', () => {
  const delta: TextDelta = [{ retain: 2 }, { insert: 'xyz' }, { delete: 3 }];
  expect([0, 2, 3, 5, 7].map((position) => movedPosition(position, delta))).toEqual([0, 2, 5, 5, 7]);
});

test('what is put into a range meanwhile does not belong to it', () => {
  expect(survivingRanges({ from: 1, to: 5 }, [{ retain: 3 }, { insert: 'NEW' }, { delete: 1 }])).toEqual([
    { from: 1, to: 3 },
    { from: 6, to: 7 },
  ]);
});

test('pieces add up to the text, are no longer than asked, and cut no surrogate pair', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 9 }), (whole, max) => {
      const parts = pieces(whole, max);
      expect(parts.join('')).toBe(whole);
      expect(parts.every((part) => part.length <= max && part.isWellFormed())).toBe(true);
    }),
  );
});
