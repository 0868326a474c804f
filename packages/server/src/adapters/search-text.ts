/** A word of a text: where it stands and how it is compared. */
export interface Word {
  readonly start: number;
  readonly end: number;
  readonly folded: string;
}

/** Marks around a matching word in a snippet. */
export const MATCH_START = '\u0002';
export const MATCH_END = '\u0003';

const WORD = /[\p{L}\p{N}\p{Co}][\p{L}\p{N}\p{Co}\p{M}]*/gu;
const NOT_ASCII = /[^\0-\x7f]/;
const MARKS = /\p{M}+/gu;
const SNIPPET_WORDS = 24;
const WORDS_BEFORE_MATCH = 6;
const QUERY_WORDS = 16;

/** Lower case without diacritics, so that `Māori` and `maori` are the same. */
export function fold(text: string): string {
  return NOT_ASCII.test(text) ? text.normalize('NFD').replace(MARKS, '').toLowerCase() : text.toLowerCase();
}

/** The words of `text` in order. Letters, digits and private-use characters make words; everything else separates. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (const match of text.matchAll(WORD)) {
    const folded = fold(match[0]);
    if (folded !== '') words.push({ start: match.index, end: match.index + match[0].length, folded });
  }
  return words;
}

/** What a person typed, as words that must all occur; the last one may be the beginning of a word. At most 16 count. */
export function queryTerms(words: string): string[] {
  return wordsOf(words)
    .slice(0, QUERY_WORDS)
    .map((word) => word.folded);
}

/** Whether every term occurs in `words`, the last as a prefix. No terms match nothing. */
export function matchesTerms(words: readonly Word[], terms: readonly string[]): boolean {
  const last = terms.length - 1;
  return last >= 0 && terms.every((term, i) => words.some((word) => isHit(word, term, i === last)));
}

/** The part of `text` around its first match, matches between U+0002 and U+0003, `…` where it was cut. */
export function snippetOf(text: string, terms: readonly string[]): string {
  const words = wordsOf(text);
  const last = terms.length - 1;
  const hits = words.map((word) => terms.some((term, i) => isHit(word, term, i === last)));
  const from = Math.max(0, Math.max(0, hits.indexOf(true)) - WORDS_BEFORE_MATCH);
  const to = Math.min(words.length, from + SNIPPET_WORDS);
  let position = from === 0 ? 0 : (words[from]?.start ?? 0);
  let snippet = from === 0 ? '' : '…';
  for (let i = from; i < to; i++) {
    const word = words[i];
    if (!word || !hits[i]) continue;
    snippet += text.slice(position, word.start) + MATCH_START + text.slice(word.start, word.end) + MATCH_END;
    position = word.end;
  }
  const end = to === words.length ? text.length : (words[to - 1]?.end ?? text.length);
  return snippet + text.slice(position, end) + (to === words.length ? '' : '…');
}

function isHit(word: Word, term: string, prefix: boolean): boolean {
  return prefix ? word.folded.startsWith(term) : word.folded === term;
}
