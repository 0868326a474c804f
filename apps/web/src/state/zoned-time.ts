/** Reads and writes the wall clock of a time zone, as `<input type="datetime-local">` has it: `2026-11-19T14:30`. */

const MINUTE = 60_000;
/** Some browsers add seconds. */
const FIELD = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** How far a zone's clock is ahead of UTC at an instant (ms). `undefined`: the reader's own zone. */
function offsetAt(at: number, timeZone: string | undefined): number {
  const whole = Math.floor(at / 1_000) * 1_000;
  return wallClock(whole, timeZone) - whole;
}

/** The zone's wall clock at an instant, written as if it were UTC (ms). */
function wallClock(at: number, timeZone: string | undefined): number {
  const parts = new Intl.DateTimeFormat('en-CA', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZone,
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((p) => p.type === type)?.value ?? 0);
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

/** The field's text for an instant (Unix ms). */
export function toField(at: number, timeZone: string | undefined): string {
  return new Date(wallClock(at, timeZone)).toISOString().slice(0, 16);
}

/**
 * The instant (Unix ms) that a field's text means in the zone; `null` when it is none. A time that the clocks skip is
 * taken as if they had not; of one that comes twice, the first is meant.
 */
export function fromField(text: string, timeZone: string | undefined): number | null {
  const wall = FIELD.test(text) ? Date.parse(`${text.slice(0, 16)}:00Z`) : Number.NaN;
  if (!Number.isFinite(wall)) return null;
  const candidates = [
    wall - offsetAt(wall - 24 * 60 * MINUTE, timeZone),
    wall - offsetAt(wall + 24 * 60 * MINUTE, timeZone),
  ];
  const fitting = candidates.filter((at) => wallClock(at, timeZone) === wall);
  return Math.min(...(fitting.length > 0 ? fitting : candidates));
}

/** The first instant of the zone's day around `at`, and of the day after. */
export function dayBounds(at: number, timeZone: string | undefined): readonly [start: number, end: number] {
  const wall = wallClock(at, timeZone);
  const midnight = wall - (wall % (24 * 60 * MINUTE));
  const field = (ms: number): string => new Date(ms).toISOString().slice(0, 16);
  return [fromField(field(midnight), timeZone) ?? at, fromField(field(midnight + 24 * 60 * MINUTE), timeZone) ?? at];
}
