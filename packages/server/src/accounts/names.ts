import { isId, SYSTEM_ID } from '@konferenco/protocol';
import { Refused } from './refused.ts';

const MAX_NAME = 80;
const MAX_SLUG = 48;
const MAX_FOLDED = 40;

/**
 * A display name as it is kept: NFC, without control and formatting characters, single spaces.
 * @throws {Refused} `invalid` when nothing readable is left or it is too long.
 */
export function cleanName(text: string): string {
  const name = text.normalize('NFC').replace(/\p{C}/gu, '').replace(/\s+/gu, ' ').trim();
  if (name === '' || name.length > MAX_NAME) throw new Refused('invalid', { detail: 'a name has 1 to 80 characters' });
  return name;
}

/** A name without accents and case, for finding by the beginning of it, at most 40 characters; `Mere Tāwhai` becomes `mere_tawhai`. */
export function foldName(name: string): string {
  return (
    name
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, '_')
      .slice(0, MAX_FOLDED)
      // Cutting may have split a surrogate pair.
      .replace(/[\uD800-\uDBFF]$/, '')
      .replace(/^_|_$/g, '')
  );
}

/** The id a name suggests: `Mere Tāwhai` becomes `mere-tawhai`; scripts without ASCII letters become `user`. */
export function slugOf(name: string): string {
  const slug = foldName(name)
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, MAX_SLUG);
  return isId(slug) && slug !== SYSTEM_ID ? slug : 'user';
}
