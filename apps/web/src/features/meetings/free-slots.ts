import { dayBounds } from '../../state/zoned-time.ts';
import { overlaps, type Slot } from '../programme/agenda.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export interface FreeOptions {
  /** Unix ms. */
  readonly now: number;
  readonly busy: readonly Slot[];
  readonly zone: string | undefined;
  readonly minutes: number;
  /** Slots wanted. */
  readonly count: number;
  /** Nothing before this (Unix ms): the event's beginning. */
  readonly from: number;
}

/** Meetings are proposed between these hours of the venue, at each quarter of an hour, this many days ahead. */
const DAY_BEGINS_H = 8;
const DAY_ENDS_H = 18;
const STEP_MS = 15 * MINUTE;
const DAYS = 4;
/** Somebody has to read the question and walk there. */
const NOTICE_MS = 15 * MINUTE;

/** The next slots in which the person has nothing, at most two in a row of one gap, so that there is a choice of times. */
export function freeSlots({ now, busy, zone, minutes, count, from }: FreeOptions): readonly Slot[] {
  const found: Slot[] = [];
  const length = minutes * MINUTE;
  let at = Math.ceil(Math.max(now + NOTICE_MS, from) / STEP_MS) * STEP_MS;
  for (let day = 0; day < DAYS && found.length < count; day++) {
    const [midnight, nextMidnight] = dayBounds(at, zone);
    at = Math.max(at, midnight + DAY_BEGINS_H * HOUR);
    while (at + length <= midnight + DAY_ENDS_H * HOUR && found.length < count) {
      const slot = { starts_at: at, ends_at: at + length };
      const taken = busy.filter((b) => overlaps(b, slot));
      if (taken.length > 0) {
        at = Math.max(at + STEP_MS, Math.ceil(Math.max(...taken.map((b) => b.ends_at)) / STEP_MS) * STEP_MS);
        continue;
      }
      found.push(slot);
      at += Math.max(length, HOUR);
    }
    at = nextMidnight;
  }
  return found;
}

export interface CommonOptions {
  readonly busy: readonly Slot[];
  readonly minutes: number;
  readonly count: number;
}

/** Meetings of the wanted length in the half hours that the server found free for both, apart, and not against what only this device knows. */
export function commonSlots(free: readonly Slot[], { busy, minutes, count }: CommonOptions): readonly Slot[] {
  const sorted = free.toSorted((a, b) => a.starts_at - b.starts_at);
  const found: Slot[] = [];
  for (const [i, { starts_at }] of sorted.entries()) {
    if (found.length === count) break;
    const slot = { starts_at, ends_at: starts_at + minutes * MINUTE };
    let until = starts_at;
    for (const next of sorted.slice(i)) if (next.starts_at === until) until = next.ends_at;
    const last = found.at(-1);
    const apart = last === undefined || starts_at - last.starts_at >= HOUR;
    if (until >= slot.ends_at && apart && !busy.some((b) => overlaps(b, slot))) found.push(slot);
  }
  return found;
}
