import { mergeUpdates } from 'yjs';

/** Largest update that fits an envelope: 7,800 characters of base64. */
export const UPDATE_BYTES_MAX = 5_850;

/** Puts updates together as far as they fit one envelope. Each update given must fit on its own. */
export function batched(updates: readonly Uint8Array[]): readonly Uint8Array[] {
  const batches: Uint8Array[] = [];
  for (const update of updates) {
    const last = batches.at(-1);
    const merged = last && last.length + update.length <= 2 * UPDATE_BYTES_MAX ? mergeUpdates([last, update]) : null;
    if (merged && merged.length <= UPDATE_BYTES_MAX) batches[batches.length - 1] = merged;
    else batches.push(update);
  }
  return batches;
}

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** @throws when it is not base64 */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0));
}
