import type { Metric, Values } from './scenario.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

export interface EntrantSummary {
  readonly name: string;
  readonly value: Spread;
  /** Ours divided by this one, taken run by run; `null` for ours, and where more is neither better nor worse. */
  readonly ratio: Spread | null;
}

export interface MetricSummary extends Metric {
  readonly entrants: readonly EntrantSummary[];
}

/** What one entrant showed in one run (counted from 1). */
export interface Measurement {
  readonly run: number;
  readonly entrant: string;
  readonly values: Values;
}

/** Middle, least and most of some numbers; `null` of none. */
export function spreadOf(numbers: readonly number[]): Spread | null {
  const sorted = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.ceil((sorted.length - 1) / 2)];
  const min = sorted[0];
  const max = sorted.at(-1);
  if (low === undefined || high === undefined || min === undefined || max === undefined) return null;
  return { median: (low + high) / 2, min, max, runs: sorted.length };
}

/**
 * Summarises the measurements of a scenario. Ratios are taken within a run and only then summarised, so that what
 * slowed the whole machine for a while divides out.
 */
export function summarise(
  metrics: readonly Metric[],
  entrants: readonly string[],
  all: readonly Measurement[],
): MetricSummary[] {
  const [ours] = entrants;
  return metrics.map((metric) => {
    const of = (entrant: string | undefined, run: number) =>
      all.find((one) => one.entrant === entrant && one.run === run)?.values[metric.key];
    const runs = [...new Set(all.map(({ run }) => run))];
    const rows = entrants.flatMap((name): EntrantSummary[] => {
      const value = spreadOf(runs.map((run) => of(name, run) ?? Number.NaN));
      const ratio =
        name === ours || metric.better === 'neither'
          ? null
          : spreadOf(runs.map((run) => (of(ours, run) ?? Number.NaN) / (of(name, run) ?? Number.NaN)));
      return value ? [{ name, value, ratio }] : [];
    });
    return { ...metric, entrants: rows };
  });
}
