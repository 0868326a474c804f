/** When the door expects the next of those it sent away. */
export interface Comebacks {
  /** Unix ms of the last time given out. */
  next_at: number;
}

/** Longest time given, in ms. Whoever could not be served by then is asked to come again in the second half of it. */
export const LONGEST_COMEBACK_MS = 60_000;

/**
 * When somebody turned away is to come back: each gets a time of their own, as far apart as the door lets people in, so
 * that a crowd returns as a queue and not as a second crowd.
 *
 * @param per_s people the door lets in a second
 * @param random a number in [0, 1), for those for whom no time within the longest is left
 * @returns milliseconds from `now` (Unix ms)
 */
export function comebackMutable(
  comebacks: Comebacks,
  { per_s, now, random }: { readonly per_s: number; readonly now: number; readonly random: number },
): number {
  const next = Math.max(comebacks.next_at, now) + 1000 / per_s;
  const wait = next - now;
  if (wait > LONGEST_COMEBACK_MS) return Math.round((LONGEST_COMEBACK_MS * (1 + random)) / 2);
  comebacks.next_at = next;
  return Math.ceil(wait);
}
