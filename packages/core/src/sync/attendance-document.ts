import type { Attendance, Envelope } from '@konferenco/protocol';
import type { DocumentState } from './document.ts';
import { FORM, formOf, own } from './stamp.ts';

interface Counts {
  readonly positive: number;
  readonly negative: number;
}
/** How often people said they go, and that they no longer do, by the node that counted. */
export type SessionCounts = Readonly<Record<string, Counts>>;

/** A counter for each session: entries of one node merge by maximum, the value is the sum over the nodes. */
interface AttendanceState extends DocumentState {
  readonly v: typeof FORM;
  readonly sessions: Readonly<Record<string, SessionCounts>>;
}

const EMPTY: AttendanceState = { v: FORM, sessions: {} };

export function applyToAttendance(state: DocumentState | null, envelope: Envelope): DocumentState {
  if (envelope.subtype !== 'attendance') return formOf(state, EMPTY);
  const { counts } = envelope.payload as Attendance;
  return counts.reduce(countMutable, { ...formOf(state, EMPTY), sessions: { ...formOf(state, EMPTY).sessions } });
}

/** The document of these counts by session. */
export function attendanceState(sessions: Readonly<Record<string, SessionCounts>>): DocumentState {
  return { v: FORM, sessions };
}

/** How many go to each session. */
export function viewAttendance(state: DocumentState | null): ReadonlyMap<string, number> {
  return new Map(Object.entries(formOf(state, EMPTY).sessions).map(([session, counts]) => [session, countOf(counts)]));
}

/** The value of a session's counter. Never less than none: entries of one node may be known before another's. */
export function countOf(counts: SessionCounts): number {
  return Math.max(
    0,
    Object.values(counts).reduce((sum, { positive, negative }) => sum + positive - negative, 0),
  );
}

type Mutable = Omit<AttendanceState, 'sessions'> & { sessions: Record<string, SessionCounts> };

function countMutable(state: Mutable, { session, node, positive, negative }: Attendance['counts'][number]): Mutable {
  const counts = own(state.sessions, session) ?? {};
  const stands = own(counts, node) ?? { positive: 0, negative: 0 };
  state.sessions[session] = {
    ...counts,
    [node]: {
      positive: Math.max(stands.positive, positive),
      negative: Math.max(stands.negative, negative),
    },
  };
  return state;
}
