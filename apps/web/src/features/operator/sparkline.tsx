import { linePath, type Point, topOf } from './chart-path.ts';
import { rounded, useWords } from './words.ts';

const [WIDTH, HEIGHT] = [240, 40];
const SPAN_MS = 900_000;

interface SparklineProps {
  readonly label: string;
  readonly points: readonly Point[];
  /** A value with its unit. */
  readonly format: (value: number) => string;
}

/** A line of the last quarter of an hour, with its least and most in words. */
export function Sparkline({ label, points, format }: SparklineProps) {
  const { say } = useWords();
  const values = points.flatMap(({ value }) => value ?? []);
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last || values.length < 2) return <p className="hint spark-range">{say('chart.short')}</p>;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const to = last.at;
  const minutes = Math.max(1, Math.round((to - Math.max(first.at, to - SPAN_MS)) / 60_000));
  const frame = { from: to - SPAN_MS, to, width: WIDTH, height: HEIGHT };
  const words = { label, minutes, least: format(least), most: format(most) };
  const now = last.value === null ? say('unknown') : format(last.value);
  return (
    <>
      <svg
        className="spark"
        viewBox={`-2 -2 ${WIDTH + 4} ${HEIGHT + 4}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={say('chart', { ...words, now })}
      >
        <path className="spark-base" d={`M0 ${HEIGHT}H${WIDTH}`} />
        <path className="spark-line" d={linePath(points, topOf(most), frame)} />
      </svg>
      <p className="hint spark-range" aria-hidden>
        {say('chart.range', words)}
      </p>
    </>
  );
}

/** A rate a second, as text. */
export function useRate(): (value: number) => string {
  const { say, number } = useWords();
  return (value) => say('per_second', { value: number(rounded(value)) });
}
