import type { TimelineGap } from './types.ts';

/** The holes of one conversation. */
export class TimelineGaps {
  /** In ascending order. */
  all: readonly TimelineGap[] = [];

  holds(offset: number): boolean {
    return this.all.some(({ from, to }) => from <= offset && offset <= to);
  }

  /** One more, which takes the place of those it overlaps. */
  add(gap: TimelineGap): void {
    this.remove(gap);
    this.all = [...this.all, gap].sort((a, b) => a.from - b.from);
  }

  /** Its stretch was fetched: what is still missing there will not come. */
  remove(gap: TimelineGap): void {
    this.all = this.all.filter((known) => known.to < gap.from || known.from > gap.to);
  }

  /** The entry at `offset` was found: the gap around it is cut in two. */
  found(offset: number): void {
    if (!this.holds(offset)) return;
    this.all = this.all.flatMap((gap) => {
      if (offset < gap.from || offset > gap.to) return [gap];
      const before = offset > gap.from ? [{ ...gap, to: offset - 1 }] : [];
      const after = offset < gap.to ? [{ ...gap, from: offset + 1 }] : [];
      return [...before, ...after];
    });
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
