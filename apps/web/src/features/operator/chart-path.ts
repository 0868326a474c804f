/** A value at a time, in Unix ms; `null`: there was none. */
export interface Point {
  readonly at: number;
  readonly value: number | null;
}

export interface Frame {
  /** Unix ms at both edges. */
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly height: number;
}

/** Longer pauses between samples are shown as gaps, in ms. */
const GAP_MS = 16_000;

/**
 * The path of a line chart in SVG's terms, with a gap where there was no value. The least value is 0, or the bottom of the frame.
 *
 * @param most the value at the top
 */
export function linePath(points: readonly Point[], most: number, { from, to, width, height }: Frame): string {
  let path = '';
  let before: number | null = null;
  for (const { at, value } of points) {
    if (value === null) {
      before = null;
      continue;
    }
    const x = ((at - from) / (to - from)) * width;
    const y = height - (most > 0 ? value / most : 0) * height;
    const isNext: boolean = before !== null && at - before <= GAP_MS;
    path += `${isNext ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
    // A sample alone is a line without length, which round ends make a dot.
    if (!isNext) path += `h0`;
    before = at;
  }
  return path;
}

/** A round number not below `value`, for the top of a chart. */
export function topOf(value: number): number {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * unit >= value) ?? 10) * unit;
}
