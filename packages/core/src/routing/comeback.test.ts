import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { comebackMutable, LONGEST_COMEBACK_MS } from './comeback.ts';

// proves CN-10
test('those turned away together come back one by one, at the rate of the door', () => {
  const comebacks = { next_at: 0 };
  const waits = Array.from({ length: 500 }, () => comebackMutable(comebacks, { per_s: 100, now: 50_000, random: 0 }));
  expect(waits.slice(0, 3)).toEqual([10, 20, 30]);
  expect(waits.at(-1)).toBe(5_000);
  expect(comebackMutable(comebacks, { per_s: 100, now: 54_000, random: 0 })).toBe(1_010);
});

// proves CN-10
test('a crowd beyond the longest time is spread over the second half of it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
      const comebacks = { next_at: 1_000_000 };
      const wait = comebackMutable(comebacks, { per_s: 10, now: 0, random });
      expect(wait).toBeGreaterThanOrEqual(LONGEST_COMEBACK_MS / 2);
      expect(wait).toBeLessThanOrEqual(LONGEST_COMEBACK_MS);
      expect(comebacks.next_at).toBe(1_000_000);
    }),
  );
});
