import { expect, test } from 'bun:test';
import { spreadOf, summarise } from './statistics.ts';

const rate = { key: 'rate', label: 'rate', unit: '/s', better: 'more' } as const;

test('ratios are taken within a run, so a slow run divides out', () => {
  const all = [
    { run: 1, entrant: 'ours', values: { rate: 100 } },
    { run: 1, entrant: 'peer', values: { rate: 50 } },
    { run: 2, entrant: 'ours', values: { rate: 10 } },
    { run: 2, entrant: 'peer', values: { rate: 5 } },
  ];
  const [summary] = summarise([rate], ['ours', 'peer'], all);
  expect(summary?.entrants[1]?.ratio).toEqual({ median: 2, min: 2, max: 2, runs: 2 });
  expect(summary?.entrants[0]?.ratio).toBeNull();
});

test('an entrant that failed in a run is summarised from the others, and has no ratio where ours failed', () => {
  const all = [
    { run: 1, entrant: 'peer', values: { rate: 50 } },
    { run: 2, entrant: 'ours', values: { rate: 10 } },
    { run: 2, entrant: 'peer', values: { rate: 5 } },
  ];
  const [summary] = summarise([rate], ['ours', 'peer'], all);
  expect(summary?.entrants.map(({ name, value }) => [name, value.runs])).toEqual([
    ['ours', 1],
    ['peer', 2],
  ]);
  expect(summary?.entrants[1]?.ratio?.runs).toBe(1);
});

test('the median of an even number of values is the middle of the middle two', () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4, runs: 4 });
  expect(spreadOf([])).toBeNull();
});
