import {
  applyOperation,
  type DocumentState,
  factsOf,
  type MeetingFacts,
  operationError,
  SYNC_BOUNDS,
} from '@konferenco/core';
import type { Envelope } from '@konferenco/protocol';
import type { Context } from '../accounts/context.ts';
import { at, drop, listAll, put, read, recordKey } from '../accounts/records.ts';
import { mergeNotes } from './notes.ts';
import { type Changes, commitOf, type Effects, NO_EFFECTS, type Planned, refuse, type Submission } from './plan.ts';
import {
  MEETING_NOTES,
  MEETINGS,
  type Turn,
  TURNS,
  turnKey,
  USER_MEETINGS,
  type UserMeetingRecord,
} from './records.ts';

/** A reminder comes this long before an agreed meeting. */
export const REMIND_MS = 15 * 60_000;

/** A meeting is kept this long after its end. */
export const KEEP_MEETING_MS = 30 * 86_400_000;

/** Rows of a person's meetings that are looked through to count the open ones. */
const MOST_ROWS = 2_000;

/** An operation on a meeting by one of its two people. */
export async function planMeeting(context: Context, submission: Submission): Promise<Planned> {
  const { envelope } = submission;
  const { meeting } = envelope.payload as { meeting: string };
  const key = `meeting/${meeting}`;
  const known = await read(context.store, MEETINGS, meeting);
  const after = applyOperation(key, known.value, envelope);
  const refusal = operationError({ key, before: known.value, after, envelope });
  if (refusal) return { kind: 'refused', refusal };
  if (envelope.subtype === 'request' && (await hasTooMany(context, envelope))) {
    return refuse('too_large', 'open meetings');
  }
  const document = { requires: [at(MEETINGS, meeting, known.version)], changes: [put(MEETINGS, meeting, after)] };
  return commitOf(
    submission,
    document,
    meetingEffects({ meeting, before: known.value, after, now: context.clock.now() }),
  );
}

/** A change of the minutes that two people keep of their meeting. */
export async function planNotes(context: Context, submission: Submission): Promise<Planned> {
  const { envelope } = submission;
  const { meeting } = envelope.payload as { meeting: string };
  const facts = factsOf((await read(context.store, MEETINGS, meeting)).value);
  if (!facts?.people.includes(envelope.from.user_id) || !facts.people.includes(envelope.to.id)) {
    return refuse('not_found', 'meeting');
  }
  const known = await read(context.store, MEETING_NOTES, meeting);
  const merged = mergeNotes(applyOperation(`notes/${meeting}`, known.value, envelope));
  if (merged === null) return refuse('invalid', 'update');
  if (merged.bytes > SYNC_BOUNDS.notes_bytes) return refuse('too_large', 'notes');
  const document = {
    requires: [at(MEETING_NOTES, meeting, known.version)],
    changes: [put(MEETING_NOTES, meeting, merged.state)],
  };
  return commitOf(submission, document, NO_EFFECTS);
}

async function hasTooMany({ store, clock }: Context, { from, to }: Envelope): Promise<boolean> {
  const now = clock.now();
  const counts = await Promise.all(
    [from.user_id, to.id].map(async (user) => {
      const rows = await listAll(store, USER_MEETINGS, `${user}/`, MOST_ROWS);
      return rows.filter(({ value }) => isOpen(value) && value.ends_at > now).length;
    }),
  );
  return counts.some((count) => count >= SYNC_BOUNDS.open_meetings);
}

function isOpen({ standing }: UserMeetingRecord): boolean {
  return standing === 'open' || standing === 'agreed';
}

/** A meeting before and after an operation, and now (Unix ms). */
export interface MeetingStep {
  readonly meeting: string;
  readonly before: DocumentState | null;
  readonly after: DocumentState;
  readonly now: number;
}

/** Its line in both people's lists, and what it makes happen by itself. */
export function meetingEffects({ meeting, before, after, now }: MeetingStep): Effects {
  const [was, is] = [factsOf(before), factsOf(after)];
  if (!is) return NO_EFFECTS;
  const row: UserMeetingRecord = {
    starts_at: is.newest.starts_at,
    ends_at: is.newest.ends_at,
    standing: standingOf(is),
  };
  const rows = is.people.map((user) => put(USER_MEETINGS, recordKey(user, meeting), row));
  return {
    ...NO_EFFECTS,
    changes: [...rows, ...turnChanges(turnsOf(meeting, was, now), turnsOf(meeting, is, now))],
  };
}

function standingOf({ cancelled, agreed, answer }: MeetingFacts): UserMeetingRecord['standing'] {
  if (cancelled) return 'cancelled';
  if (agreed) return 'agreed';
  return answer ? 'declined' : 'open';
}

/** What a meeting makes happen by itself, by key. */
function turnsOf(meeting: string, facts: MeetingFacts | null, now: number): ReadonlyMap<string, Turn> {
  const turns = new Map<string, Turn>();
  if (!facts) return turns;
  const { starts_at, ends_at, dot: proposal } = facts.newest;
  const forget: Turn = { kind: 'forget', meeting };
  turns.set(turnKey(Math.max(0, ends_at + KEEP_MEETING_MS), forget), forget);
  if (facts.agreed && starts_at > now) {
    const reminder: Turn = { kind: 'reminder', meeting, proposal };
    turns.set(turnKey(Math.max(0, starts_at - REMIND_MS), reminder), reminder);
  }
  return turns;
}

/** Rows that go and come when what is to happen by itself changes; what stays is not touched. */
export function turnChanges(was: ReadonlyMap<string, Turn>, is: ReadonlyMap<string, Turn>): Changes {
  return [
    ...[...was.keys()].filter((key) => !is.has(key)).map((key) => drop(TURNS, key)),
    ...[...is].filter(([key]) => !was.has(key)).map(([key, turn]) => put(TURNS, key, turn)),
  ];
}
