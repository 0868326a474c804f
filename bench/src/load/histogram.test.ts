import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Histogram, type Recorded } from './histogram.ts';

const times = fc.array(fc.double({ min: 0, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 300 });

test('a quantile lies at or above the exact one, by less than 1/64 and 2 µs', () => {
  fc.assert(
    fc.property(times, fc.double({ min: 0.001, max: 1, noNaN: true }), (values, quantile) => {
      const histogram = new Histogram();
      for (const value of values) histogram.record(value);
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(quantile * sorted.length)) - 1] ?? 0;
      const found = histogram.quantile(quantile);
      expect(found).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
      expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 64) + 0.002);
    }),
  );
});

test('count, least, mean and most are exact', () => {
  const histogram = new Histogram();
  for (const value of [3.25, 0.5, 1000.125]) histogram.record(value);
  expect(histogram.summary()).toMatchObject({ count: 3, min: 0.5, max: 1000.125 });
  expect(histogram.summary().mean).toBeCloseTo(334.625);
});

test('histograms of several processes add up to one of all', () => {
  fc.assert(
    fc.property(times, times, (left, right) => {
      const [all, first, second] = [new Histogram(), new Histogram(), new Histogram()];
      for (const value of [...left, ...right]) all.record(value);
      for (const value of left) first.record(value);
      for (const value of right) second.record(value);
      first.add(JSON.parse(JSON.stringify(second.dump())) as Recorded);
      first.add(new Histogram().dump());
      const { mean, ...rest } = first.summary();
      const { mean: expected, ...others } = all.summary();
      expect(rest).toEqual(others);
      expect(mean).toBeCloseTo(expected);
    }),
  );
});

test('a negative time counts as nought', () => {
  const histogram = new Histogram();
  histogram.record(-5);
  expect(histogram.summary()).toMatchObject({ count: 1, min: 0, max: 0, p50: 0 });
});

test('nothing recorded summarises to noughts', () => {
  expect(new Histogram().summary()).toMatchObject({ count: 0, min: 0, p99: 0, max: 0 });
});
