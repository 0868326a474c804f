import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { partitionAt } from './partitions.ts';

const hour = { schema: 's', table: 'places', unit: 'hour' } as const;
const day = { schema: 's', table: 'points', unit: 'day' } as const;
const month = { schema: 's', table: 'counts', unit: 'month' } as const;

test('a partition bears the hour, day or month of UTC that it holds', () => {
  const at = Date.UTC(2026, 10, 30, 23, 59, 59, 999);
  expect(partitionAt(hour, at)).toEqual({
    name: 'places_2026_11_30_23',
    from: Date.UTC(2026, 10, 30, 23),
    to: Date.UTC(2026, 11, 1),
  });
  expect(partitionAt(day, at)).toEqual({
    name: 'points_2026_11_30',
    from: Date.UTC(2026, 10, 30),
    to: Date.UTC(2026, 11, 1),
  });
  expect(partitionAt(month, at)).toEqual({
    name: 'counts_2026_11',
    from: Date.UTC(2026, 10, 1),
    to: Date.UTC(2026, 11, 1),
  });
  expect(partitionAt(month, Date.UTC(2026, 11, 31)).to).toBe(Date.UTC(2027, 0, 1));
});

test('every time lies in exactly one partition, and partitions leave no gap', () => {
  fc.assert(
    fc.property(fc.constantFrom(hour, day, month), fc.integer({ min: 0, max: 4e12 }), (target, at) => {
      const partition = partitionAt(target, at);
      expect(partition.from <= at && at < partition.to).toBe(true);
      expect(partitionAt(target, partition.to - 1)).toEqual(partition);
      expect(partitionAt(target, partition.to).from).toBe(partition.to);
    }),
  );
});
