import { PNCounter, type PNCounterState } from '@konferenco/crdt';
import type { Attendance, Envelope } from '@konferenco/protocol';
import type { DocumentState } from './document.ts';
import { FORM, formOf } from './stamp.ts';

/** How many go to each session: a counter each, counted by the servers. */
interface AttendanceState extends DocumentState {
  readonly v: typeof FORM;
  readonly sessions: Readonly<Record<string, PNCounterState>>;
}

const EMPTY: AttendanceState = { v: FORM, sessions: {} };

export function applyToAttendance(state: DocumentState | null, envelope: Envelope): DocumentState {
  const before = formOf(state, EMPTY);
  if (envelope.subtype !== 'attendance') return before;
  const { counts } = envelope.payload as Attendance;
  const sessions = new Map(Object.entries(before.sessions));
  for (const { session, ...counted } of counts) {
    const counter = PNCounter.from(sessions.get(session) ?? new PNCounter().state());
    counter.apply(counted);
    sessions.set(session, counter.state());
  }
  return { ...before, sessions: Object.fromEntries(sessions) };
}

/** The document of these counters by session. */
export function attendanceState(sessions: Readonly<Record<string, PNCounterState>>): DocumentState {
  return { v: FORM, sessions };
}

/** How many go to each session. Never less than none: one node's count may be known before another's. */
export function viewAttendance(state: DocumentState | null): ReadonlyMap<string, number> {
  const { sessions } = formOf(state, EMPTY);
  return new Map(
    Object.entries(sessions).map(([session, counts]) => [session, Math.max(0, PNCounter.from(counts).value())]),
  );
}
