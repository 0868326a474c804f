import { wallOf } from '@konferenco/crdt';
import {
  type Envelope,
  type ErrorName,
  LIMITS,
  type MeetingAgendaChange,
  type StateOperation,
} from '@konferenco/protocol';
import { isLargerThan } from '../delivery/json-size.ts';
import type { DocumentKey, DocumentState } from './document.ts';
import { kindOf } from './documents.ts';
import { applyToAgenda, viewAgenda } from './meeting-agenda.ts';
import { factsOf, type MeetingFacts } from './meeting-document.ts';
import { viewFields } from './personal-fields.ts';
import { removalTags, viewSet } from './personal-set.ts';
import { viewSession } from './session-document.ts';

/** How much replicated state may hold. Sizes in bytes of JSON unless said otherwise. */
export const SYNC_BOUNDS = {
  /** Elements of a set. */
  set: 1_000,
  /** Additions of one element that may stand side by side. */
  additions: 32,
  /** Fields of a profile or of settings, and the size of one. */
  fields: 100,
  field_bytes: 512,
  /** Any one document, as it is stored. */
  document_bytes: 262_144,
  /** Meetings of a person that are neither over, cancelled nor declined. */
  open_meetings: 500,
  /** Times proposed for one meeting. */
  proposals: 50,
  /** Agenda items of a meeting. */
  agenda: 50,
  /** A meeting's minutes, as one update in base64. */
  notes_bytes: 65_536,
  /** Length of a session or meeting. */
  slot_ms: 24 * 3_600_000,
} as const;

/** Why an operation is refused. */
export interface OperationRefusal {
  readonly error: ErrorName;
  readonly detail: string;
}

/** The document as it stands, and as the operation would leave it. */
export interface OperationEffect {
  readonly key: DocumentKey;
  readonly before: DocumentState | null;
  readonly after: DocumentState;
  readonly envelope: Envelope;
}

/** Whether an operation is stamped further ahead of `now` (Unix ms) than a clock may be. */
export function isClockAhead(envelope: Envelope, now: number): boolean {
  const { at } = envelope.payload as { at?: unknown };
  return typeof at === 'number' && wallOf(at) > now + LIMITS.id_ahead_ms;
}

/** Why the operation makes no sense on this document or would make it too large; `null` when it is fine. */
export function operationError(effect: OperationEffect): OperationRefusal | null {
  if (isLargerThan(effect.after, SYNC_BOUNDS.document_bytes)) return tooLarge('document');
  switch (kindOf(effect.key)) {
    case 'session':
      return sessionError(effect);
    case 'set':
      return setError(effect);
    case 'fields':
      return fieldError(effect);
    case 'meeting':
      return meetingError(effect);
    case 'notes':
    case 'attendance':
      return null;
    case null:
      return invalid('no such document');
  }
}

function sessionError({ key, before, after }: OperationEffect): OperationRefusal | null {
  const session = viewSession(key, after);
  if (session) return slotError(session);
  return before === null
    ? { error: 'not_found', detail: 'session' }
    : invalid('a session has a title, a beginning and an end');
}

function setError({ before, after, envelope }: OperationEffect): OperationRefusal | null {
  const { element, op } = envelope.payload as Extract<StateOperation, { element: string }>;
  if (op === 'remove') return null;
  if (removalTags(before, element).length >= SYNC_BOUNDS.additions) return tooLarge('additions of one element');
  return viewSet(after).length > SYNC_BOUNDS.set ? tooLarge('elements') : null;
}

function fieldError({ after, envelope }: OperationEffect): OperationRefusal | null {
  const { value } = envelope.payload as Extract<StateOperation, { op: 'set' }>;
  if (value !== undefined && isLargerThan(value, SYNC_BOUNDS.field_bytes)) return tooLarge('field');
  return Object.keys(viewFields(after)).length > SYNC_BOUNDS.fields ? tooLarge('fields') : null;
}

function meetingError({ before, envelope }: OperationEffect): OperationRefusal | null {
  const { subtype, payload, from } = envelope;
  const facts = factsOf(before);
  if (subtype === 'request') return facts ? conflict('there is such a meeting already') : slotOf(payload);
  if (!facts) return { error: 'not_found', detail: 'meeting' };
  if (!facts.people.includes(from.user_id) || !facts.people.includes(envelope.to.id)) {
    return { error: 'not_found', detail: 'meeting' };
  }
  if (facts.cancelled && subtype !== 'cancel') return conflict('the meeting was cancelled');
  switch (subtype) {
    case 'propose_time':
      return proposalError(facts, envelope);
    case 'accept':
    case 'decline':
      return answerError(facts, envelope);
    case 'agenda_change':
      return agendaError(facts, envelope);
    default:
      return null;
  }
}

function proposalError({ proposals }: MeetingFacts, { payload }: Envelope): OperationRefusal | null {
  const { dot } = payload as { dot: string };
  if (proposals.some((made) => made.dot === dot)) return { error: 'id_reused', detail: 'dot' };
  return proposals.length >= SYNC_BOUNDS.proposals ? tooLarge('proposals') : slotOf(payload);
}

function answerError({ proposals }: MeetingFacts, { payload, from }: Envelope): OperationRefusal | null {
  const { proposal } = payload as { proposal: string };
  const answered = proposals.find(({ dot }) => dot === proposal);
  if (!answered) return { error: 'not_found', detail: 'proposal' };
  return answered.by === from.user_id ? invalid('nobody answers their own proposal') : null;
}

function agendaError({ agenda }: MeetingFacts, { payload }: Envelope): OperationRefusal | null {
  const change = payload as MeetingAgendaChange;
  const applied = applyToAgenda(agenda, change);
  if (change.change.op !== 'insert') return null;
  if (change.change.item !== change.dot) return invalid('an item bears the dot of the operation that puts it there');
  if (applied.outcome === 'known') return { error: 'id_reused', detail: 'dot' };
  if (applied.outcome === 'held') return { error: 'not_found', detail: 'after' };
  return viewAgenda(applied.agenda).length > SYNC_BOUNDS.agenda ? tooLarge('agenda items') : null;
}

function slotOf(payload: Envelope['payload']): OperationRefusal | null {
  return slotError(payload as unknown as { starts_at: number; ends_at: number });
}

function slotError({ starts_at, ends_at }: { starts_at: number; ends_at: number }): OperationRefusal | null {
  if (ends_at <= starts_at) return invalid('it ends before it begins');
  return ends_at - starts_at > SYNC_BOUNDS.slot_ms ? invalid('it takes longer than a day') : null;
}

function invalid(detail: string): OperationRefusal {
  return { error: 'invalid', detail };
}
function conflict(detail: string): OperationRefusal {
  return { error: 'conflict', detail };
}
function tooLarge(detail: string): OperationRefusal {
  return { error: 'too_large', detail };
}
