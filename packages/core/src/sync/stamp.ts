import { compareStamps, parseDot, type Stamp, wallOf } from '@konferenco/crdt';
import type { DocumentState } from './document.ts';

/** The version of every document state's form. */
export const FORM = 1;

/** What every operation says of itself: its dot, and its hybrid timestamp. */
export interface Said {
  readonly dot: string;
  readonly at: number;
}

/** A value of one operation. */
export interface Written extends Said {
  readonly value: unknown;
}

/** What "later" is decided by: the timestamp, and between equal ones the replica. */
export function stampOf({ dot, at }: Said): Stamp {
  return { timestamp: at, node: parseDot(dot).node };
}

/** Whether `a` was said after `b`. */
export function isLater(a: Said, b: Said): boolean {
  return compareStamps(stampOf(a), stampOf(b)) > 0;
}

/** Unix ms of a hybrid timestamp. */
export function msOf(at: number): number {
  return wallOf(at);
}

export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A state as its document's own type. Every state of that document was written by this package. */
export function formOf<State extends DocumentState>(state: DocumentState | null, empty: State): State {
  return (state as State | null) ?? empty;
}
