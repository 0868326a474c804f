import { LWWMap, type LWWMapState } from '@konferenco/crdt';
import type { DocumentState } from './document.ts';
import { FORM, formOf, type Said, stampOf, type Written } from './stamp.ts';

/** A document that is one map of last-writer-wins fields: a session, a profile, settings. */
interface FieldState extends DocumentState {
  readonly v: typeof FORM;
  readonly fields: LWWMapState<unknown>;
}

const EMPTY: FieldState = { v: FORM, fields: new LWWMap<unknown>().state() };

/** The fields of a document, for reading. */
export function fieldsIn(state: DocumentState | null): LWWMap<unknown> {
  return LWWMap.from(formOf(state, EMPTY).fields);
}

/** The document after these writes; the same object when none of them stands. */
export function writeFields(
  state: DocumentState | null,
  writes: readonly (readonly [field: string, written: Written])[],
): DocumentState {
  const before = formOf(state, EMPTY);
  const fields = LWWMap.from<unknown>(before.fields);
  const stands = writes.filter(([field, written]) =>
    fields.apply({ field, value: written.value ?? null, ...stampOf(written) }),
  );
  return stands.length === 0 ? before : { ...before, fields: fields.state() };
}

/** A document whose fields stand at these values since one operation. */
export function fieldsSince(values: Readonly<Record<string, unknown>>, said: Said): DocumentState {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return writeFields(
    null,
    given.map(([field, value]) => [field, { value, ...said }]),
  );
}
