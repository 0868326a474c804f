import { describe, expect, test } from 'bun:test';
import type { Clock } from '@konferenco/core';

/** A clock to test, and what lets milliseconds pass on it. */
export interface ClockUnderTest {
  readonly clock: Clock;
  pass(ms: number): Promise<void>;
}

/** What every clock promises. */
export function describeClockContract(name: string, open: () => ClockUnderTest): void {
  describe(`clock: ${name}`, () => {
    test('a timer fires once, not before its time, and those with shorter times first', async () => {
      const { clock, pass } = open();
      const start = clock.now();
      const fired: [string, number][] = [];
      clock.after(20, () => fired.push(['later', clock.now() - start]));
      clock.after(5, () => fired.push(['sooner', clock.now() - start]));
      await pass(60);
      expect(fired.map(([which]) => which)).toEqual(['sooner', 'later']);
      // Timers of a millisecond's grain may be told of a time that is not over to the last fraction.
      expect(fired[0]?.[1]).toBeGreaterThanOrEqual(4);
      expect(fired[1]?.[1]).toBeGreaterThanOrEqual(19);
    });

    test('a cancelled timer does not fire; cancelling twice or late does no harm', async () => {
      const { clock, pass } = open();
      let fired = 0;
      const cancel = clock.after(5, () => fired++);
      cancel();
      cancel();
      const late = clock.after(1, () => fired++);
      await pass(30);
      late();
      expect(fired).toBe(1);
    });

    test('soon comes before any timer, in the order of asking', async () => {
      const { clock, pass } = open();
      const order: string[] = [];
      clock.after(10, () => order.push('timer'));
      clock.soon(() => order.push('first'));
      clock.soon(() => order.push('second'));
      await pass(40);
      expect(order).toEqual(['first', 'second', 'timer']);
    });
  });
}
