/** Offsets `from` to `to`, both included. */
export type Stretch = readonly [from: number, to: number];

/** Ascending, neither overlapping nor touching. */
export type Stretches = readonly Stretch[];

/** `stretches` with `from` to `to`, joined with what overlaps or touches it. */
export function joined(stretches: Stretches, from: number, to: number): Stretches {
  if (to < from) return stretches;
  let low = from;
  let high = to;
  const apart: Stretch[] = [];
  for (const stretch of stretches) {
    if (stretch[1] < from - 1 || stretch[0] > to + 1) apart.push(stretch);
    else {
      low = Math.min(low, stretch[0]);
      high = Math.max(high, stretch[1]);
    }
  }
  return [...apart, [low, high] as const].sort((a, b) => a[0] - b[0]);
}

/** `stretches` without `from` to `to`. */
export function without(stretches: Stretches, from: number, to: number): Stretches {
  return stretches.flatMap(([low, high]): Stretches => {
    if (high < from || low > to) return [[low, high]];
    const before: Stretches = low < from ? [[low, from - 1]] : [];
    return high > to ? [...before, [to + 1, high]] : before;
  });
}

/** The stretch that holds `offset`. */
export function stretchAt(stretches: Stretches, offset: number): Stretch | undefined {
  return stretches.find(([from, to]) => from <= offset && offset <= to);
}

/** The greatest offset held that is less than `before`; 0 when there is none. */
export function highestBelow(stretches: Stretches, before: number): number {
  return stretches.reduce((highest, [from, to]) => (from < before ? Math.min(to, before - 1) : highest), 0);
}
