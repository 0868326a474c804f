import type { Envelope, SessionCancelled, SessionChange, SpeakerUpdate } from '@konferenco/protocol';
import type { DocumentKey, DocumentState, SessionView } from './document.ts';
import { FORM, formOf, own, type Registers, type Stamp, type Written, write } from './stamp.ts';

/** A session of the programme: one last-writer-wins register a field. */
interface SessionState extends DocumentState {
  readonly v: typeof FORM;
  readonly fields: Registers<unknown>;
}

const EMPTY: SessionState = { v: FORM, fields: {} };

/** Fields of a session as its registers are called. `cancelled` holds `{reason}` or `null`. */
export type SessionField = keyof Omit<SessionView, 'id'>;

/** What a schedule operation writes, field by field. */
export function sessionWrites(envelope: Envelope): readonly (readonly [SessionField, Written<unknown>])[] {
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
  const before = formOf(state, EMPTY);
  let { fields } = before;
  for (const [field, written] of sessionWrites(envelope)) fields = write(fields, field, written);
  return fields === before.fields ? before : { ...before, fields };
}

/** The state of a session that stands at these values since `stamp`: for programmes that come from elsewhere. */
export function sessionState(fields: Readonly<Partial<Record<SessionField, unknown>>>, stamp: Stamp): DocumentState {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return { v: FORM, fields: Object.fromEntries(given.map(([field, value]) => [field, { value, ...stamp }])) };
}

/** The session as its operations leave it; `null` while its title or times are unknown. */
export function viewSession(key: DocumentKey, state: DocumentState): SessionView | null {
  const { fields } = formOf(state, EMPTY);
  const value = <Name extends SessionField>(name: Name) =>
    own(fields, name)?.value as SessionView[Name] | null | undefined;
  const title = value('title');
  const starts_at = value('starts_at');
  const ends_at = value('ends_at');
  if (title == null || starts_at == null || ends_at == null) return null;
  const channel_id = value('channel_id');
  return {
    id: key.slice(key.indexOf('/') + 1),
    title,
    room: value('room') ?? '',
    starts_at,
    ends_at,
    speakers: value('speakers') ?? [],
    abstract: value('abstract') ?? '',
    ...(channel_id == null ? {} : { channel_id }),
    cancelled: value('cancelled') ?? null,
  };
}
