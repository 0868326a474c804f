import type { SessionView } from './document.ts';

/** What became different about a session, for those who marked it or go there. */
export type SessionNotice =
  | { readonly field: 'time'; readonly was: number; readonly now: number }
  | { readonly field: 'room' | 'title' | 'speakers'; readonly was: string; readonly now: string }
  | { readonly field: 'cancelled'; readonly reason: string }
  | { readonly field: 'reinstated' };

/**
 * What to tell a person who last saw a session as `before`: however many changes came in between, one for each field
 * that differs in the end. Nothing for a session not seen before. Times are those of its beginning.
 */
export function noticesOf(before: SessionView | null, after: SessionView): SessionNotice[] {
  if (!before) return [];
  const notices: SessionNotice[] = [];
  if (after.cancelled && !before.cancelled) notices.push({ field: 'cancelled', reason: after.cancelled.reason });
  if (before.cancelled && !after.cancelled) notices.push({ field: 'reinstated' });
  if (before.starts_at !== after.starts_at) {
    notices.push({ field: 'time', was: before.starts_at, now: after.starts_at });
  }
  for (const field of ['room', 'title'] as const) {
    if (before[field] !== after[field]) notices.push({ field, was: before[field], now: after[field] });
  }
  const [was, now] = [speakersOf(before), speakersOf(after)];
  if (was !== now) notices.push({ field: 'speakers', was, now });
  return notices;
}

function speakersOf({ speakers }: SessionView): string {
  return speakers.map(({ name }) => name).join(', ');
}
