import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { MATCH_END, MATCH_START, matchesTerms, queryTerms, snippetOf, wordsOf } from './search-text.ts';

describe('search text', () => {
  test('macrons and accents do not hinder a match, in either direction', () => {
    for (const [words, text] of [
      ['maori', 'te reo Māori'],
      ['MĀORI', 'maori'],
      ['café', 'cafe\u0301s'],
    ] as const) {
      expect(matchesTerms(wordsOf(text), queryTerms(words))).toBe(true);
    }
  });

  test('every word must occur, and only the last may be a beginning', () => {
    const words = wordsOf('the talk on caching');
    expect(matchesTerms(words, queryTerms('talk cach'))).toBe(true);
    expect(matchesTerms(words, queryTerms('tal caching'))).toBe(false);
    expect(matchesTerms(words, queryTerms(' ,. '))).toBe(false);
  });

  test('a snippet of a long text shows the first match and where it was cut', () => {
    const text = `${'before '.repeat(40)}needle${' after'.repeat(40)}`;
    const snippet = snippetOf(text, queryTerms('needle'));
    expect(snippet.startsWith('…before ')).toBe(true);
    expect(snippet.endsWith(' after…')).toBe(true);
    expect(snippet).toContain('\u0002needle\u0003');
  });

  test('without its marks a snippet is a part of the text', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('Māori', 'kai', '—', '😀', 'a1', '  ', '.'), { maxLength: 80 }), (parts) => {
        const text = parts.join(' ');
        const snippet = snippetOf(text, ['maori', 'k']);
        const plain = snippet.replaceAll(MATCH_START, '').replaceAll(MATCH_END, '').replace(/^…/, '').replace(/…$/, '');
        expect(text.includes(plain)).toBe(true);
      }),
    );
  });
});
