/**
 * Keys as SQLite keeps them: text of ASCII alone that sorts by bytes as the key does by UTF-16 units. SQLite's own
 * order of text is that of code points, and it keeps neither NUL nor half a surrogate pair.
 */

const FIRST_ESCAPED = 0x7e;
const LOW_MARK = '\x01';
const HIGH_MARK = '~';
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL and its neighbour are what is escaped.
const ESCAPED = /[\x00\x01~-\uffff]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the mark of an escaped control character.
const ESCAPE = /\x01([01])|~([0-9a-f]{4})/g;

/** Prefixes stay prefixes: each unit is written by itself. */
export function encodeKey(key: string): string {
  return key.replace(ESCAPED, (character) => {
    const unit = character.charCodeAt(0);
    return unit < FIRST_ESCAPED ? `${LOW_MARK}${unit}` : `${HIGH_MARK}${unit.toString(16).padStart(4, '0')}`;
  });
}

export function decodeKey(text: string): string {
  return text.replace(ESCAPE, (_, low?: string, high?: string) =>
    low === undefined ? String.fromCharCode(Number.parseInt(high ?? '', 16)) : String.fromCharCode(Number(low)),
  );
}
