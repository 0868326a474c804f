import type { Envelope, SessionCancelled, SessionChange, SpeakerUpdate } from '@konferenco/protocol';
import type { DocumentKey, DocumentState, SessionView } from './document.ts';
import { fieldsIn, fieldsSince, writeFields } from './field-document.ts';
import type { Said, Written } from './stamp.ts';

/** Fields of a session as its registers are called. `cancelled` holds `{reason}` or `null`. */
export type SessionField = keyof Omit<SessionView, 'id'>;

/** What a schedule operation writes, field by field. */
export function sessionWrites(
  envelope: Pick<Envelope, 'subtype' | 'payload'>,
): readonly (readonly [SessionField, Written])[] {
  switch (envelope.subtype) {
    case 'session_change': {
      const { set, at, dot } = envelope.payload as SessionChange;
      return Object.entries(set).map(([field, value]) => [
        field as SessionField,
        { value: field === 'cancelled' ? null : value, at, dot },
      ]);
    }
    case 'session_cancelled': {
      const { reason = '', at, dot } = envelope.payload as SessionCancelled;
      return [['cancelled', { value: { reason }, at, dot }]];
    }
    case 'speaker_update': {
      const { speakers, at, dot } = envelope.payload as SpeakerUpdate;
      return [['speakers', { value: speakers, at, dot }]];
    }
    default:
      return [];
  }
}

export function applyToSession(state: DocumentState | null, envelope: Envelope): DocumentState {
  return writeFields(state, sessionWrites(envelope));
}

/** The state of a session that stands at these values since one operation: for programmes that come from elsewhere. */
export function sessionState(fields: Readonly<Partial<Record<SessionField, unknown>>>, said: Said): DocumentState {
  return fieldsSince(fields, said);
}

/** The session as its operations leave it; `null` while its title or times are unknown. */
export function viewSession(key: DocumentKey, state: DocumentState): SessionView | null {
  const fields = fieldsIn(state);
  const value = <Name extends SessionField>(name: Name) => fields.get(name) as SessionView[Name] | undefined;
  const title = value('title');
  const starts_at = value('starts_at');
  const ends_at = value('ends_at');
  if (title === undefined || starts_at === undefined || ends_at === undefined) return null;
  const channel_id = value('channel_id');
  return {
    id: key.slice(key.indexOf('/') + 1),
    title,
    room: value('room') ?? '',
    starts_at,
    ends_at,
    speakers: value('speakers') ?? [],
    abstract: value('abstract') ?? '',
    ...(channel_id === undefined ? {} : { channel_id }),
    cancelled: value('cancelled') ?? null,
  };
}
