import type { StateOperation } from '@konferenco/protocol';
import type { DocumentState } from './document.ts';
import { fieldsIn, fieldsSince, writeFields } from './field-document.ts';
import type { Said } from './stamp.ts';

/** A person's profile or settings: one last-writer-wins register a field; `null` clears one. */
export type FieldOperation = Extract<StateOperation, { op: 'set' }>;

export function applyToFields(state: DocumentState | null, operation: FieldOperation): DocumentState {
  const { field, value, at, dot } = operation;
  return writeFields(state, [[field, { value, at, dot }]]);
}

/** Fields that stand at these values since one operation: for what was known before there were operations. */
export function fieldsOf(values: Readonly<Record<string, unknown>>, said: Said): DocumentState {
  return fieldsSince(values, said);
}

/** The fields that are set. */
export function viewFields(state: DocumentState | null): Record<string, unknown> {
  return Object.fromEntries(fieldsIn(state).entries());
}

/** When a field was last written or cleared (hybrid timestamp), 0: never. What is to stand must be stamped after it. */
export function writtenAt(state: DocumentState | null, field: string): number {
  return fieldsIn(state).current(field)?.timestamp ?? 0;
}
