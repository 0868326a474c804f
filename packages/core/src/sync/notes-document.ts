import type { Envelope, MeetingNotesChange } from '@konferenco/protocol';
import type { DocumentState } from './document.ts';
import { compareTexts, FORM, formOf } from './stamp.ts';

/** A meeting's shared minutes: Yjs updates (version 1, base64) that merge in any order and any number of times. */
interface NotesState extends DocumentState {
  readonly v: typeof FORM;
  /** Sorted, each once. */
  readonly updates: readonly string[];
}

const EMPTY: NotesState = { v: FORM, updates: [] };

export function applyToNotes(state: DocumentState | null, envelope: Envelope): DocumentState {
  const notes = formOf(state, EMPTY);
  if (envelope.subtype !== 'notes_change') return notes;
  const { update } = envelope.payload as MeetingNotesChange;
  if (notes.updates.includes(update)) return notes;
  return { ...notes, updates: [...notes.updates, update].sort(compareTexts) };
}

/** The updates that make up the minutes, for a Yjs document to apply. */
export function viewNotes(state: DocumentState | null): readonly string[] {
  return formOf(state, EMPTY).updates;
}

/** The minutes as one update, where `merge` makes one of several (`mergeUpdates` of Yjs, over base64). */
export function compactNotes(state: DocumentState, merge: (updates: readonly string[]) => string): DocumentState {
  const { updates } = formOf(state, EMPTY);
  return updates.length < 2 ? state : { v: FORM, updates: [merge(updates)] };
}
