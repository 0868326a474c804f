import type { DocumentKey } from '@konferenco/core';
import { competingWrites } from '@konferenco/core/sync/competing-writes';
import type { StateConflict } from '@konferenco/core/sync/conflict-policy';
import { documentsOf } from '@konferenco/core/sync/documents';
import { AGENDA_FIELD } from '@konferenco/core/sync/meeting-document';
import { isLater, type Said } from '@konferenco/core/sync/stamp';
import type { Envelope } from '@konferenco/protocol';
import type { Conflict, Overridden } from './types.ts';

type Lost = Extract<StateConflict, { kind: 'overridden' }>;
type ToldLost = Extract<Conflict, { kind: 'overridden' }>;

/** The two fields of a session that people set as one. */
const TIMES: readonly string[] = ['starts_at', 'ends_at'];

/** A conflict as a person is told it, and what it is made of. */
interface Told {
  readonly conflict: ToldLost;
  readonly about: readonly Lost[];
}

/** What one operation made of fields of one document, as a person is told it: both ends of a session's time at once. */
export function toldLosses(losses: readonly Lost[], event: string | undefined): readonly Told[] {
  const [begin, end] = TIMES.map((name) => losses.find(({ field }) => field === name));
  const times = begin && end ? [begin, end] : [];
  const single = losses
    .filter((lost) => !times.includes(lost))
    .map((lost): Told => ({ conflict: told(lost, event, fieldOf(lost)), about: [lost] }));
  return begin && end ? [...single, { conflict: told(begin, event, timeOf(begin, end)), about: times }] : single;
}

function told({ document, by }: Lost, event: string | undefined, field: Overridden): ToldLost {
  return { kind: 'overridden', document, ...(event === undefined ? {} : { event }), by, ...field };
}

function timeOf(begin: Lost, end: Lost): Overridden {
  const slot = (side: 'mine' | 'theirs') =>
    ({ starts_at: begin[side].value, ends_at: end[side].value }) as { starts_at: number; ends_at: number };
  return { field: 'time', mine: slot('mine'), theirs: slot('theirs') };
}

function fieldOf({ field, mine, theirs }: Lost): Overridden {
  const [was, is] = [plainValue(field, mine.value), plainValue(field, theirs.value)];
  const named = field.startsWith(AGENDA_FIELD)
    ? { field: 'agenda', item: field.slice(AGENDA_FIELD.length) }
    : { field };
  // The payloads were validated: each field has values of its own kind.
  return { ...named, mine: was, theirs: is } as Overridden;
}

function plainValue(field: string, value: unknown): unknown {
  if (!field.startsWith(AGENDA_FIELD)) return value;
  const [text, done] = value as readonly [string, boolean];
  return { text, done };
}

/**
 * A told conflict after a later operation, and the stamp of what stands then: who else wrote the field since is named, and
 * `null` once the person has, or what stands is what they wanted.
 *
 * @param stands stamp of `theirs`.
 */
export function afterLater(
  { conflict, stands }: { readonly conflict: ToldLost; readonly stands: Said },
  envelope: Envelope,
  me: string,
): { readonly conflict: ToldLost; readonly stands: Said } | null {
  if (!isAbout(envelope, conflict.document)) return { conflict, stands };
  const later = competingWrites(envelope).filter(
    ([field, write]) => fieldsOf(conflict).includes(field) && isLater(write, stands),
  );
  const [, write] = later[0] ?? [];
  if (!write) return { conflict, stands };
  if (envelope.from.user_id === me) return null;
  const theirs =
    conflict.field === 'time' && conflict.document.startsWith('session/')
      ? { ...conflict.theirs, ...Object.fromEntries(later.map(([field, { value }]) => [field, value])) }
      : plainValue(later[0]?.[0] ?? '', write.value);
  if (JSON.stringify(theirs) === JSON.stringify(conflict.mine)) return null;
  return {
    conflict: { ...conflict, theirs, by: envelope.from.user_id } as ToldLost,
    stands: { at: write.at, dot: write.dot },
  };
}

function isAbout(envelope: Envelope, document: DocumentKey): boolean {
  return documentsOf(envelope).some(({ key }) => key === document);
}

/** The fields of the document that a told conflict is about. */
function fieldsOf(conflict: ToldLost): readonly string[] {
  if (conflict.field === 'agenda') return [`${AGENDA_FIELD}${conflict.item}`];
  return conflict.field === 'time' && conflict.document.startsWith('session/') ? TIMES : [conflict.field];
}
