import type { TimelineGap } from './types.ts';

/** The holes of one conversation. */
export class TimelineGaps {
  /** In ascending order. */
  all: readonly TimelineGap[] = [];

  holds(offset: number): boolean {
    return this.all.some(({ from, to }) => from <= offset && offset <= to);
  }

  add(gap: TimelineGap): void {
    this.all = withGap(this.all, gap);
  }

  /** Its stretch was fetched: what is still missing there will not come. */
  remove(gap: TimelineGap): void {
    this.all = withoutGap(this.all, gap);
  }

  /** The entry at `offset` was found. */
  found(offset: number): void {
    this.all = withFound(this.all, offset);
  }

  /** Forgets those that begin before `offset`. */
  trim(offset: number): void {
    this.all = this.all.filter(({ from }) => from >= offset);
  }

  /** Those that could not be fetched while there was no network. */
  get offline(): readonly TimelineGap[] {
    return this.all.filter(({ offline }) => offline);
  }
}

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
