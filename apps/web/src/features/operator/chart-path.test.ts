import { expect, test } from 'bun:test';
import { linePath, topOf } from './chart-path.ts';

const frame = { from: 0, to: 100_000, width: 100, height: 20 };

test('a line goes from sample to sample, and is broken where there was none', () => {
  const points = [
    { at: 0, value: 0 },
    { at: 5_000, value: 10 },
    { at: 10_000, value: null },
    { at: 15_000, value: 5 },
    { at: 20_000, value: 5 },
    { at: 60_000, value: 10 },
  ];
  expect(linePath(points, 10, frame)).toBe('M0.0 20.0h0L5.0 0.0M15.0 10.0h0L20.0 10.0M60.0 0.0h0');
});

test('nothing at all is a line at the bottom', () => {
  expect(linePath([{ at: 50_000, value: 0 }], 0, frame)).toBe('M50.0 20.0h0');
});

test('the top is a round number', () => {
  expect([0, 0.3, 1, 7, 12, 4_100].map(topOf)).toEqual([1, 0.5, 1, 10, 20, 5_000]);
});
