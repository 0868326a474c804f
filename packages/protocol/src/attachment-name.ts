import { LIMITS } from './limits.ts';

/** A media type (RFC 6838 §4.2) in lower case, without parameters. */
export const MEDIA_TYPE_PATTERN = '^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$';

const FALLBACK = 'file';
/** Longest ending that a shortened name keeps, in bytes. */
const ENDING_BYTES = 16;
/** Control characters, and marks that turn the direction of writing: with them `exe.gpj` reads as `jpg.exe`. */
const UNSEEN = /[\p{Cc}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069\uFEFF]/gu;

/**
 * The name under which a file is kept and shown: its last part without folders, control characters and marks of writing
 * direction, at most 120 bytes of UTF-8, with its ending. Needs no escape in JSON. A name made by it stays as it is.
 */
export function attachmentName(raw: string): string {
  const last = raw.toWellFormed().normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  const name = trimmed(last.replace(UNSEEN, '').replaceAll('"', "'"));
  return shortened(name) || FALLBACK;
}

/** Without what file systems drop or hide: blanks around it, dots at either end. */
function trimmed(name: string): string {
  return name.replace(/^[\s.]+|[\s.]+$/gu, '');
}

function shortened(name: string): string {
  if (utf8Length(name) <= LIMITS.attachment_name_bytes) return name;
  const dot = name.lastIndexOf('.');
  const ending = dot > 0 && utf8Length(name.slice(dot)) <= ENDING_BYTES ? name.slice(dot) : '';
  const stem = ending === '' ? name : name.slice(0, dot);
  return trimmed(cut(stem, LIMITS.attachment_name_bytes - utf8Length(ending))) + ending;
}

function cut(text: string, bytes: number): string {
  let kept = '';
  let left = bytes;
  for (const char of text) {
    left -= utf8Length(char);
    if (left < 0) break;
    kept += char;
  }
  return kept;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
