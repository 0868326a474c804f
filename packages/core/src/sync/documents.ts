import type { Envelope, StateOperation } from '@konferenco/protocol';
import { applyToAttendance } from './attendance-document.ts';
import type { DocumentKey, DocumentName, DocumentState } from './document.ts';
import { applyToMeeting } from './meeting-document.ts';
import { applyToNotes } from './notes-document.ts';
import { applyToFields } from './personal-fields.ts';
import { applyToSet } from './personal-set.ts';
import { applyToSession } from './session-document.ts';
import { FORM } from './stamp.ts';

/** What a document holds, told from its key. */
export type DocumentKind = 'session' | 'attendance' | 'set' | 'fields' | 'meeting' | 'notes';

const SESSION_OPERATIONS: ReadonlySet<string> = new Set(['session_change', 'session_cancelled', 'speaker_update']);
const MEETING_OPERATIONS: ReadonlySet<string> = new Set([
  'request',
  'accept',
  'decline',
  'propose_time',
  'cancel',
  'agenda_change',
]);

/** Whether envelopes of this type may carry operations on replicated state. */
export function isOperationType(type: string): boolean {
  return type === 'state' || type === 'meeting' || type === 'schedule';
}

/**
 * The documents that an envelope's operation is about; none for envelopes that carry no operation: other types,
 * reminders, and the turns of sessions.
 *
 * @param me answer only documents of this person's; without it, of whomever the envelope concerns.
 */
export function documentsOf(envelope: Envelope, me?: string): DocumentName[] {
  const { type, subtype, from, to, payload } = envelope;
  if (envelope.encrypted) return [];
  switch (type) {
    case 'schedule':
      return to.type === 'broadcast' ? scheduleDocuments(envelope) : [];
    case 'state':
      if (subtype !== 'operation' || to.type !== 'user' || (me !== undefined && to.id !== me)) return [];
      return [{ namespace: 'personal', key: (payload as StateOperation).on }];
    case 'meeting': {
      if (to.type !== 'user' || from.user_id === to.id) return [];
      if (me !== undefined && from.user_id !== me && to.id !== me) return [];
      const { meeting } = payload as { meeting: string };
      if (subtype === 'notes_change') return [{ namespace: 'personal', key: `notes/${meeting}` }];
      return MEETING_OPERATIONS.has(subtype) ? [{ namespace: 'personal', key: `meeting/${meeting}` }] : [];
    }
    default:
      return [];
  }
}

function scheduleDocuments({ subtype, payload }: Envelope): DocumentName[] {
  if (subtype === 'attendance') return [{ namespace: 'schedule', key: 'attendance' }];
  if (!SESSION_OPERATIONS.has(subtype)) return [];
  return [{ namespace: 'schedule', key: `session/${(payload as { session: string }).session}` }];
}

/** `null` for keys that no document has. */
export function kindOf(key: DocumentKey): DocumentKind | null {
  if (key.startsWith('session/')) return 'session';
  if (key.startsWith('meeting/')) return 'meeting';
  if (key.startsWith('notes/')) return 'notes';
  switch (key) {
    case 'attendance':
      return 'attendance';
    case 'favourites':
    case 'attending':
    case 'blocked':
    case 'channels':
      return 'set';
    case 'profile':
    case 'settings':
      return 'fields';
    default:
      return null;
  }
}

/**
 * The document after one operation. Operations may come in any order and any number of times: the result is the same.
 * An envelope that is not about this document changes nothing. Payloads must have been validated.
 *
 * @param state `null`: nothing is known of the document yet.
 */
export function applyOperation(key: DocumentKey, state: DocumentState | null, envelope: Envelope): DocumentState {
  const kind = kindOf(key);
  const isAbout = documentsOf(envelope).some((document) => document.key === key);
  if (!kind || !isAbout) return state ?? { v: FORM };
  switch (kind) {
    case 'session':
      return applyToSession(state, envelope);
    case 'attendance':
      return applyToAttendance(state, envelope);
    case 'meeting':
      return applyToMeeting(state, envelope);
    case 'notes':
      return applyToNotes(state, envelope);
    case 'set':
    case 'fields': {
      const operation = envelope.payload as StateOperation;
      return operation.op === 'set' ? applyToFields(state, operation) : applyToSet(state, operation);
    }
  }
}
