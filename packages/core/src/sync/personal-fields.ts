import type { StateOperation } from '@konferenco/protocol';
import type { DocumentState } from './document.ts';
import { FORM, formOf, type Registers, type Stamp, write } from './stamp.ts';

/** A person's profile or settings: one last-writer-wins register a field; `null` clears one. */
interface FieldsState extends DocumentState {
  readonly v: typeof FORM;
  readonly fields: Registers<unknown>;
}

const EMPTY: FieldsState = { v: FORM, fields: {} };

export type FieldOperation = Extract<StateOperation, { op: 'set' }>;

export function applyToFields(state: DocumentState | null, operation: FieldOperation): DocumentState {
  const before = formOf(state, EMPTY);
  const { field, value, at, dot } = operation;
  const fields = write(before.fields, field, { value: value ?? null, at, dot });
  return fields === before.fields ? before : { ...before, fields };
}

/** Fields that stand at these values since `stamp`: for what was known before there were operations. */
export function fieldsOf(values: Readonly<Record<string, unknown>>, stamp: Stamp): DocumentState {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return { v: FORM, fields: Object.fromEntries(given.map(([field, value]) => [field, { value, ...stamp }])) };
}

/** The fields that are set. */
export function viewFields(state: DocumentState | null): Record<string, unknown> {
  const entries = Object.entries(formOf(state, EMPTY).fields).filter(([, { value }]) => value !== null);
  return Object.fromEntries(entries.map(([field, { value }]) => [field, value]));
}

/** The newest timestamp in a document of fields; 0 when it has none. What is to win must be stamped after it. */
export function newestField(state: DocumentState | null): number {
  return Object.values(formOf(state, EMPTY).fields).reduce((newest, { at }) => Math.max(newest, at), 0);
}
