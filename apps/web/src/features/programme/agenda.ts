import type { Meeting, ProgrammeSession } from '@konferenco/client';
import { fold } from '../../i18n/fold.ts';
import { dayKey } from '../../i18n/locale.ts';

/** Something with a beginning and an end (Unix ms). */
export interface Slot {
  readonly starts_at: number;
  readonly ends_at: number;
}

/** One line of a day: a session, or a meeting. */
export type AgendaEntry =
  | { readonly kind: 'session'; readonly id: string; readonly session: ProgrammeSession }
  | { readonly kind: 'meeting'; readonly id: string; readonly meeting: Meeting };

export interface AgendaDay {
  readonly key: number;
  readonly entries: readonly AgendaEntry[];
}

export interface SessionFilter {
  readonly query: string;
  /** `''`: all rooms. */
  readonly room: string;
}

export function overlaps(a: Slot, b: Slot): boolean {
  return a.starts_at < b.ends_at && b.starts_at < a.ends_at;
}

export function slotOf(entry: AgendaEntry): Slot {
  return entry.kind === 'session' ? entry.session : entry.meeting;
}

/** Sessions that hold every word of the query in title, room, speakers or abstract, marks above letters or not. */
export function matching(
  sessions: readonly ProgrammeSession[],
  { query, room }: SessionFilter,
): readonly ProgrammeSession[] {
  const words = fold(query).split(/\s+/).filter(Boolean);
  return sessions.filter((s) => {
    if (room !== '' && s.room !== room) return false;
    const text = fold([s.title, s.room, s.abstract, ...s.speakers.map((p) => p.name)].join(' '));
    return words.every((word) => text.includes(word));
  });
}

/** What the person marked, goes to, or has agreed or must answer; what was declined or cancelled is not theirs any more. */
export function myAgenda(sessions: readonly ProgrammeSession[], meetings: readonly Meeting[]): readonly AgendaEntry[] {
  return [
    ...sessions.filter((s) => s.favourite || s.attending).map(ofSession),
    ...meetings.filter(stands).map((meeting) => ({ kind: 'meeting', id: meeting.id, meeting }) as const),
  ];
}

export const ofSession = (session: ProgrammeSession): AgendaEntry => ({ kind: 'session', id: session.id, session });

/** Whether a meeting takes place or may yet. */
export function stands({ standing }: Meeting): boolean {
  return standing !== 'declined' && standing !== 'cancelled';
}

/** Whether the other waits for my word. */
export function needsMe(meeting: Meeting): boolean {
  return meeting.standing === 'waiting_for_me';
}

/** Entries by the day of the venue, each day in the order of time. */
export function byDay(entries: readonly AgendaEntry[], zone: string | undefined): readonly AgendaDay[] {
  const sorted = entries.toSorted(
    (a, b) =>
      slotOf(a).starts_at - slotOf(b).starts_at || slotOf(a).ends_at - slotOf(b).ends_at || (a.id < b.id ? -1 : 1),
  );
  const days = Map.groupBy(sorted, (entry) => dayKey(slotOf(entry).starts_at, zone));
  return [...days].map(([key, list]) => ({ key, entries: list }));
}

/** Whether something runs now, is the next to begin (of those that do take place), or neither. */
export function phaseOf(slot: Slot, now: number, next: number | null): 'now' | 'next' | 'past' | 'later' {
  if (slot.ends_at <= now) return 'past';
  if (slot.starts_at <= now) return 'now';
  return slot.starts_at === next ? 'next' : 'later';
}

/** When the next session begins; `null` when none does. */
export function nextStart(sessions: readonly ProgrammeSession[], now: number): number | null {
  const starts = sessions.filter((s) => s.cancelled === null && s.starts_at > now).map((s) => s.starts_at);
  return starts.length === 0 ? null : Math.min(...starts);
}

/** What else of the person's is at the time of a session: sessions they go to and meetings agreed. */
export function clashesOf(
  session: ProgrammeSession,
  sessions: readonly ProgrammeSession[],
  meetings: readonly Meeting[],
): readonly AgendaEntry[] {
  if (session.cancelled !== null) return [];
  return [
    ...sessions
      .filter((s) => s.id !== session.id && s.attending && s.cancelled === null && overlaps(s, session))
      .map(ofSession),
    ...meetings
      .filter((m) => m.standing === 'agreed' && overlaps(m, session))
      .map((meeting) => ({ kind: 'meeting', id: meeting.id, meeting }) as const),
  ];
}

export function roomsOf(sessions: readonly ProgrammeSession[]): readonly string[] {
  return [...new Set(sessions.map((s) => s.room))].filter((room) => room !== '').sort((a, b) => a.localeCompare(b));
}
