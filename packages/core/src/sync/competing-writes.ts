import { compareStamps, type Stamp } from '@konferenco/crdt';
import type { Envelope } from '@konferenco/protocol';
import type { DocumentKey, DocumentState } from './document.ts';
import { kindOf } from './documents.ts';
import { fieldsIn } from './field-document.ts';
import { itemWritten } from './meeting-agenda.ts';
import { AGENDA_FIELD, factsOf, meetingWrites } from './meeting-document.ts';
import { sessionWrites } from './session-document.ts';
import { stampOf, type Written } from './stamp.ts';

/** What a write replaces, by field: see `over` in the operations of the protocol. */
export type Over = Readonly<Record<string, { readonly at: number; readonly replica: string }>>;

/** What an operation writes that another's operation may write as well, and of which the later stands. */
export function competingWrites(
  envelope: Pick<Envelope, 'type' | 'subtype' | 'payload'>,
): readonly (readonly [field: string, written: Written])[] {
  switch (envelope.type) {
    case 'schedule':
      return sessionWrites(envelope);
    case 'meeting':
      return meetingWrites(envelope);
    default:
      return [];
  }
}

/** The stamp of what stands in a field of a document; `null`: it was never written, or is gone. */
export function standing(key: DocumentKey, state: DocumentState | null, field: string): Stamp | null {
  switch (kindOf(key)) {
    case 'session':
      return fieldsIn(state).current(field);
    case 'meeting': {
      const facts = factsOf(state);
      if (!facts) return null;
      if (field.startsWith(AGENDA_FIELD)) return itemWritten(facts.agenda, field.slice(AGENDA_FIELD.length));
      return field === 'time' ? stampOf(facts.newest) : null;
    }
    default:
      return null;
  }
}

/**
 * What an operation replaces, to be sent with it; `null` when nothing competes with it.
 *
 * @param state the document as the stored log says, as far as its writer knows it: without what only waits to be sent.
 */
export function overOf(
  envelope: Pick<Envelope, 'type' | 'subtype' | 'payload'>,
  key: DocumentKey,
  state: DocumentState | null,
): Over | null {
  // What asks for a meeting is the first that is said of it.
  if (envelope.subtype === 'request') return null;
  const writes = competingWrites(envelope);
  if (writes.length === 0) return null;
  const known = writes.flatMap(([field]) => {
    const stamp = standing(key, state, field);
    return stamp ? [[field, { at: stamp.timestamp, replica: stamp.node }] as const] : [];
  });
  return Object.fromEntries(known);
}

/**
 * Whether the writer of an operation knew `mine`, which was stored before it, or what had replaced it: what stood for
 * them was as late as `mine`. An operation that says nothing of what it replaces is taken for one that knew.
 */
export function hadSeen({ payload }: Pick<Envelope, 'payload'>, field: string, mine: Written): boolean {
  const { over } = payload as { readonly over?: Over };
  if (!over) return true;
  const replaced = Object.hasOwn(over, field) ? over[field] : undefined;
  return (
    replaced !== undefined && compareStamps({ timestamp: replaced.at, node: replaced.replica }, stampOf(mine)) >= 0
  );
}
