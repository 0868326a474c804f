import { compactNotes, type DocumentState } from '@konferenco/core';
import { applyUpdate, Doc, mergeUpdates } from 'yjs';

/** Minutes as one update, and its size in base64. */
export interface MergedNotes {
  readonly state: DocumentState;
  readonly bytes: number;
}

/** Makes one update of all; `null` when one of them is no update, so that nobody is sent what their device chokes on. */
export function mergeNotes(state: DocumentState): MergedNotes | null {
  try {
    const merged = compactNotes(state, merge);
    const [update = ''] = merged['updates'] as readonly string[];
    const probe = new Doc();
    applyUpdate(probe, fromBase64(update));
    probe.destroy();
    return { state: merged, bytes: update.length };
  } catch {
    return null;
  }
}

function merge(updates: readonly string[]): string {
  return Buffer.from(mergeUpdates(updates.map(fromBase64))).toString('base64');
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
