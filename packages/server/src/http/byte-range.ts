import type { ByteRange } from '@konferenco/core';

export type RangeAnswer =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly range: ByteRange }
  /** Nothing of it is there (416). */
  | { readonly kind: 'outside' };

/**
 * What a `Range` header (RFC 9110 §14.2) asks of `size` bytes. One range is answered; several, or a form nobody knows,
 * are answered with the whole, as the standard allows.
 */
export function rangeOf(header: string | null, size: number): RangeAnswer {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (from === '' && to === '') return { kind: 'whole' };
  if (from === '') {
    const count = Math.min(Number(to), size);
    return count === 0 ? { kind: 'outside' } : { kind: 'part', range: { first: size - count, last: size - 1 } };
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < first) return { kind: 'whole' };
  return first < size ? { kind: 'part', range: { first, last } } : { kind: 'outside' };
}
