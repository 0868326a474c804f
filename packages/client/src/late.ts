import { LIMITS } from '@konferenco/protocol';

/** A message that reached the log longer than this after it was written arrived late (ms). */
export const LATE_MS = 60_000;

/** What decides where a stored message stands. */
export interface Dated {
  readonly offset: number;
  /** When the server stored it, and when its author's device says it was written (Unix ms). */
  readonly at: number;
  readonly timestamp: number;
  /** The last entry of the log that the author had seen. */
  readonly after?: number | undefined;
}

/** A message and the offset it stands at: its own, or that of the message it stands before. */
export interface Placed<T> {
  readonly message: T;
  readonly place: number;
}

/** Whether a message stands where it was written. A time that lies in the future, or before any message still waiting could be, is not believed. */
export function isLate({ offset, at, timestamp, after }: Dated): boolean {
  const age = at - timestamp;
  return after !== undefined && after < offset && age > LATE_MS && age <= LIMITS.id_age_ms;
}

/**
 * Messages in the order in which they are shown. Those that came in time stand by offset. A late one stands before the
 * first of them that is newer than what its author had seen and was stored after it was written, never after its own
 * offset; several at one place stand in the order of writing. This follows from the log alone, so everybody sees the
 * same, provided that the log's times do not go back.
 *
 * @param messages ascending by offset
 * @param low everything from here on is known; a late one whose place may lie before is left out
 */
export function placed<T extends Dated>(messages: readonly T[], low: number): readonly Placed<T>[] {
  const inTime = messages.filter((message) => !isLate(message));
  if (inTime.length === messages.length) return inTime.map((message) => ({ message, place: message.offset }));
  const late = messages
    .filter(isLate)
    .flatMap((message) => {
      const place = placeOf(message, inTime, low);
      return place === null ? [] : [{ message, place }];
    })
    .sort(
      (a, b) => a.place - b.place || a.message.timestamp - b.message.timestamp || a.message.offset - b.message.offset,
    );
  const all: Placed<T>[] = [];
  let next = 0;
  for (const message of inTime) {
    for (let one = late[next]; one && one.place <= message.offset; one = late[++next]) all.push(one);
    all.push({ message, place: message.offset });
  }
  return [...all, ...late.slice(next)];
}

/** `null`: it lies before what is known. */
function placeOf<T extends Dated>(message: T, inTime: readonly T[], low: number): number | null {
  const { offset, timestamp, after = 0 } = message;
  let hasEarlier = after + 1 >= low;
  for (const other of inTime) {
    if (other.offset >= offset) break;
    if (other.offset > after && other.at > timestamp) return hasEarlier ? other.offset : null;
    hasEarlier ||= other.offset >= low;
  }
  return hasEarlier ? offset : null;
}
