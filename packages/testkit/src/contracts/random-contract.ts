import { describe, expect, test } from 'bun:test';
import type { Random } from '@konferenco/core';

/** What every source of randomness promises. */
export function describeRandomContract(name: string, open: () => Random): void {
  describe(`random: ${name}`, () => {
    test('numbers lie in [0, 1) and spread over it', () => {
      const random = open();
      const numbers = Array.from({ length: 2_000 }, () => random.next());
      expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
      for (let tenth = 0; tenth < 10; tenth++) {
        expect(numbers.filter((number) => Math.floor(number * 10) === tenth).length).toBeGreaterThan(100);
      }
    });

    test('bytes come in the number asked for, and not twice the same', () => {
      const random = open();
      for (const count of [0, 1, 16, 1_000]) expect(random.bytes(count)).toHaveLength(count);
      const seen = new Set(Array.from({ length: 500 }, () => Buffer.from(random.bytes(16)).toString('hex')));
      expect(seen.size).toBe(500);
    });
  });
}
