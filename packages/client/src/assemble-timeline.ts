import type { Placed } from './late.ts';
import type { Message, TimelineEntry, TimelineGap } from './types.ts';

export interface TimelineParts {
  /** Stored messages, in the order of showing. */
  readonly stored: readonly Placed<Message>[];
  /** Ascending. */
  readonly gaps: readonly TimelineGap[];
  /** Own messages without an offset, in the order of writing. */
  readonly unstored: readonly Message[];
}

/** Oldest first, with gaps in their places and own unstored messages at the end. */
export function assembleTimeline({ stored, gaps, unstored }: TimelineParts): readonly TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  let nextGap = 0;
  for (const { message, place } of stored) {
    for (let gap = gaps[nextGap]; gap && gap.from < place; gap = gaps[++nextGap]) entries.push(gap);
    entries.push(message);
  }
  entries.push(...gaps.slice(nextGap), ...unstored);
  return entries;
}
