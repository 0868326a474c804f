import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { EMPTY_DRAFT } from '../../state/drafts.ts';
import { bytesLeft, insertMention, mentionQuery, mentionsIn, splitText } from './compose.ts';

const mere = { id: 'u-mere', name: 'Mere Tūhoe' };

describe('mentions while writing', () => {
  test('an @ at the start of a word asks for people, one inside a word does not', () => {
    expect(mentionQuery('kia ora @Me', 11)).toBe('Me');
    expect(mentionQuery('@', 1)).toBe('');
    expect(mentionQuery('mere@example.org', 16)).toBeNull();
  });

  test('letters with macrons belong to the name', () => {
    expect(mentionQuery('@Hō', 3)).toBe('Hō');
  });

  test('choosing replaces what was typed and puts the caret behind it', () => {
    const { draft, caret } = insertMention({ ...EMPTY_DRAFT, text: 'kia ora @Me!' }, 11, mere);
    expect(draft.text).toBe('kia ora @Mere Tūhoe !');
    expect(caret).toBe('kia ora @Mere Tūhoe '.length);
  });

  test('a mention whose name was deleted again is not sent', () => {
    expect(mentionsIn('kia ora', [mere])).toEqual([]);
    expect(mentionsIn('kia ora @Mere Tūhoe', [mere])).toEqual(['u-mere']);
  });
});

describe('shown text', () => {
  test('a link ends before the full stop that follows it', () => {
    expect(splitText('See https://example.org/a. Now', [])).toEqual([
      { kind: 'text', text: 'See ' },
      { kind: 'link', text: 'https://example.org/a', href: 'https://example.org/a' },
      { kind: 'text', text: '. Now' },
    ]);
  });

  test('only http and https become links', () => {
    expect(splitText('javascript:alert(1)', [])).toEqual([{ kind: 'text', text: 'javascript:alert(1)' }]);
  });

  test('of two names that begin alike the longer one is shown', () => {
    const parts = splitText('@Mere Tūhoe', [{ id: '1', name: 'Mere' }, mere]);
    expect(parts).toEqual([{ kind: 'mention', text: '@Mere Tūhoe', id: 'u-mere' }]);
  });

  test('the pieces together are the text', () => {
    const piece = fc.constantFrom('@Mere Tūhoe', '@Me', 'https://a.b/c?d=e', ' ', 'x', '@', '.', '\n', 'ā');
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('');
        expect(
          splitText(text, [mere, { id: '2', name: 'Me' }])
            .map((p) => p.text)
            .join(''),
        ).toBe(text);
      }),
    );
  });
});

test('the length that is left counts bytes, not letters', () => {
  expect(bytesLeft('ā', [])).toBe(bytesLeft('a', []) - 1);
  expect(bytesLeft('x'.repeat(4_096), [])).toBeLessThan(0);
});
