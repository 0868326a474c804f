import type { MetricSummary, Spread } from './statistics.ts';

/** The summary as text: a line per metric and entrant, with the ratio of ours to it and the spread of both. */
export function table(title: string, metrics: readonly MetricSummary[]): string {
  const rows = metrics.flatMap(({ label, unit, goal, entrants }) =>
    entrants.map(({ name, value, ratio }, at) => [
      at === 0 ? label : '',
      name,
      `${figure(value.median)} ${unit}`,
      range(value),
      ratio ? `×${figure(ratio.median)} ${ratio.runs > 1 ? `(${range(ratio)})` : ''}`.trimEnd() : '',
      at === 0 ? (goal ?? '') : '',
    ]),
  );
  const head = ['', '', 'median', 'min–max', 'ours / it', 'goal'];
  const widths = head.map((text, column) => Math.max(text.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [title, ...[head, ...rows].map((row) => `  ${line(row)}`)].join('\n');
}

function range({ min, max, runs }: Spread): string {
  return runs > 1 ? `${figure(min)}–${figure(max)}` : '';
}

/** Three significant digits below a thousand, whole numbers above, thousands separated. */
export function figure(value: number): string {
  const options = Math.abs(value) < 1000 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
  return value.toLocaleString('en', options);
}
