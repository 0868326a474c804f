import type { MeetingView, SessionView } from './document.ts';

/** A stretch of time, Unix ms, the end not included. */
export interface Slot {
  readonly starts_at: number;
  readonly ends_at: number;
}

export interface Clash {
  readonly kind: 'session' | 'meeting';
  readonly id: string;
  readonly title: string;
}

/**
 * What lies across `slot`: of the sessions given (those the person goes to), the ones that take place; of the meetings,
 * the ones agreed. A meeting does not clash with itself: `slot.id` is left out.
 */
export function clashes(
  slot: Slot & { readonly id?: string },
  sessions: readonly SessionView[],
  meetings: readonly MeetingView[],
): Clash[] {
  const across = <Item extends Slot & { readonly id: string; readonly title: string }>(
    kind: Clash['kind'],
    items: readonly Item[],
  ) =>
    items
      .filter((item) => item.id !== slot.id && overlaps(item, slot))
      .map(({ id, title }): Clash => ({ kind, id, title }));
  return [
    ...across(
      'session',
      sessions.filter(({ cancelled }) => !cancelled),
    ),
    ...across(
      'meeting',
      meetings.filter(({ standing }) => standing === 'agreed'),
    ),
  ];
}

export function overlaps(a: Slot, b: Slot): boolean {
  return a.starts_at < b.ends_at && b.starts_at < a.ends_at;
}

/** Pauses longer than this end a day of the programme. */
const NIGHT_MS = 6 * 3_600_000;

/** The hours in which something is on: from the first session of each day to its last. */
export function programmeHours(sessions: readonly Slot[]): Slot[] {
  const hours: Slot[] = [];
  for (const { starts_at, ends_at } of [...sessions].sort((a, b) => a.starts_at - b.starts_at)) {
    const day = hours.at(-1);
    if (day && starts_at - day.ends_at < NIGHT_MS) {
      hours[hours.length - 1] = { starts_at: day.starts_at, ends_at: Math.max(day.ends_at, ends_at) };
    } else hours.push({ starts_at, ends_at });
  }
  return hours;
}

export interface FreeTimeQuery {
  /** When meetings may be. */
  readonly hours: readonly Slot[];
  /** When somebody of those concerned cannot come. */
  readonly busy: readonly Slot[];
  /** Nothing before this moment, Unix ms. */
  readonly from: number;
  readonly length_ms: number;
  readonly limit: number;
}

/** The first free slots of one length, each beginning at a multiple of that length after midnight UTC. */
export function freeSlots({ hours, busy, from, length_ms, limit }: FreeTimeQuery): Slot[] {
  const free: Slot[] = [];
  for (const { starts_at, ends_at } of hours) {
    let begin = Math.ceil(Math.max(starts_at, from) / length_ms) * length_ms;
    for (; begin + length_ms <= ends_at && free.length < limit; begin += length_ms) {
      const slot = { starts_at: begin, ends_at: begin + length_ms };
      if (!busy.some((taken) => overlaps(taken, slot))) free.push(slot);
    }
  }
  return free;
}
