import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { nodeWindows } from './prescale.ts';

const MIN = 60_000;
const options = { lead_ms: 15 * MIN, per_node: 4_000, least: 1, most: 500 };

test('a keynote has its nodes a quarter of an hour before it begins, until it ends', () => {
  const keynote = { starts_at: 540 * MIN, ends_at: 600 * MIN, people: 100_000 };
  expect(nodeWindows([keynote], options)).toEqual([{ from: 525 * MIN, until: 600 * MIN, nodes: 25 }]);
});

test('what is on at once adds up, and equal neighbours are one window', () => {
  const draws = [
    { starts_at: 100 * MIN, ends_at: 160 * MIN, people: 8_000 },
    { starts_at: 130 * MIN, ends_at: 160 * MIN, people: 8_000 },
    { starts_at: 175 * MIN, ends_at: 200 * MIN, people: 16_000 },
  ];
  expect(nodeWindows(draws, options)).toEqual([
    { from: 85 * MIN, until: 115 * MIN, nodes: 2 },
    { from: 115 * MIN, until: 200 * MIN, nodes: 4 },
  ]);
});

test('small and empty things change nothing', () => {
  const draws = [
    { starts_at: 100 * MIN, ends_at: 160 * MIN, people: 300 },
    { starts_at: 100 * MIN, ends_at: 100 * MIN, people: 90_000 },
  ];
  expect(nodeWindows(draws, options)).toEqual([]);
});

test('at every moment there are nodes enough, never more than the most, and windows do not overlap', () => {
  const draw = fc
    .record({ starts_at: fc.nat(300), length: fc.nat(60), people: fc.nat(3_000_000) })
    .map(({ starts_at, length, people }) => ({
      starts_at: starts_at * MIN,
      ends_at: (starts_at + length) * MIN,
      people,
    }));
  fc.assert(
    fc.property(fc.array(draw, { maxLength: 12 }), (draws) => {
      const windows = nodeWindows(draws, options);
      for (const [index, { from, until, nodes }] of windows.entries()) {
        expect(from).toBeLessThan(until);
        expect(nodes).toBeGreaterThan(options.least);
        expect(nodes).toBeLessThanOrEqual(options.most);
        expect(from).toBeGreaterThanOrEqual(windows[index - 1]?.until ?? Number.NEGATIVE_INFINITY);
      }
      for (const { starts_at, ends_at, people } of draws) {
        if (ends_at <= starts_at || people <= options.per_node) continue;
        const now = windows.find(({ from, until }) => from <= starts_at && starts_at < until);
        expect(now?.nodes).toBeGreaterThanOrEqual(Math.min(options.most, Math.ceil(people / options.per_node)));
      }
    }),
  );
});
