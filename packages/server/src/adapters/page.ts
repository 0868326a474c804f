import type { Gap } from '@konferenco/protocol';

/** How far a page may reach. */
export interface PageBounds {
  readonly limit: number;
  readonly max_bytes: number;
}

/** Something that weighs its envelope and may be gone. */
interface Weighed {
  readonly envelope: string | null;
}

/**
 * Cuts candidates, given in the order of reading and one more than `limit` when there are more, to a page.
 * At least one stays when there is any, whatever `max_bytes` (counted in UTF-16 units of the envelopes).
 */
export function cutPage<E extends Weighed>(
  candidates: readonly E[],
  bounds: PageBounds,
): { entries: E[]; has_more: boolean } {
  const entries: E[] = [];
  let size = 0;
  for (const entry of candidates) {
    size += entry.envelope?.length ?? 0;
    if (entries.length >= bounds.limit || (entries.length > 0 && size > bounds.max_bytes))
      return { entries, has_more: true };
    entries.push(entry);
  }
  return { entries, has_more: false };
}

/** What retention took from a reader who asked for everything after `after`. */
export function retentionGap(after: number | undefined, first: number): Gap | undefined {
  return after !== undefined && after + 1 < first ? { from: after + 1, to: first - 1, reason: 'retention' } : undefined;
}
