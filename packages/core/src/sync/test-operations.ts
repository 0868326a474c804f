import type { Envelope, MeetingAgendaChange, SessionChange, StateOperation } from '@konferenco/protocol';

/** Envelopes of operations, complete enough for the reducers; for tests. */
const ID = '01932b00-0000-7000-8000-000000000000';
export const MEETING = '01932b00-0000-7000-8000-00000000000a';
/** Unix ms. */
export const NOON = Date.UTC(2026, 10, 20, 12);
export const HOUR = 3_600_000;

/** A hybrid timestamp `ticks` after noon. */
export const at = (ticks: number) => NOON * 256 + ticks;

function envelope(kind: string, from: string, to: Envelope['to'], payload: object): Envelope {
  const [type = '', subtype = ''] = kind.split('/');
  return { id: ID, type, subtype, from: { user_id: from }, to, payload: { ...payload }, timestamp: NOON };
}

export function stateOf(user: string, operation: StateOperation, from = user): Envelope {
  return envelope('state/operation', from, { type: 'user', id: user }, operation);
}

export function meetingOf(subtype: string, from: string, to: string, payload: object): Envelope {
  return envelope(`meeting/${subtype}`, from, { type: 'user', id: to }, { meeting: MEETING, ...payload });
}

export function agendaOf(from: string, to: string, change: MeetingAgendaChange['change'], stamp: object): Envelope {
  return meetingOf('agenda_change', from, to, { ...stamp, change });
}

export function scheduleOf(subtype: string, from: string, payload: object): Envelope {
  return envelope(`schedule/${subtype}`, from, { type: 'broadcast', id: 'hui' }, payload);
}

export function sessionChange(from: string, set: SessionChange['set'], dot: string, ticks: number): Envelope {
  return scheduleOf('session_change', from, { session: 'repo', dot, at: at(ticks), set });
}
