import type { TimelineGap } from './types.ts';

/** `gaps` with one more, which takes the place of those it overlaps; in ascending order. */
export function withGap(gaps: readonly TimelineGap[], gap: TimelineGap): readonly TimelineGap[] {
  return [...withoutGap(gaps, gap), gap].sort((a, b) => a.from - b.from);
}

/** `gaps` without whatever lies in `gap`. */
export function withoutGap(gaps: readonly TimelineGap[], gap: TimelineGap): readonly TimelineGap[] {
  return gaps.filter((known) => known.to < gap.from || known.from > gap.to);
}

/** `gaps` after the entry at `offset` was found: the gap around it is cut in two. */
export function withFound(gaps: readonly TimelineGap[], offset: number): readonly TimelineGap[] {
  if (!gaps.some(({ from, to }) => from <= offset && offset <= to)) return gaps;
  return gaps.flatMap((gap) => {
    if (offset < gap.from || offset > gap.to) return [gap];
    const before = offset > gap.from ? [{ ...gap, to: offset - 1 }] : [];
    const after = offset < gap.to ? [{ ...gap, from: offset + 1 }] : [];
    return [...before, ...after];
  });
}
