import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Agenda } from './agenda.ts';

const act = fc.oneof(
  fc.record({ item: fc.integer({ min: 0, max: 5 }), in_ms: fc.integer({ min: -1_000, max: 5_000 }) }),
  fc.record({ pass_ms: fc.integer({ min: 0, max: 2_000 }) }),
);

test('whatever is set in whatever order, each thing comes once, at its earliest time, at most a quarter of a second early', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const agenda = new Agenda<number>();
      const set = new Map<number, number>();
      let now = 1_800_000_000_123;
      const check = () => {
        const due = agenda.take(now);
        expect(new Set(due).size).toBe(due.length);
        for (const item of due) {
          expect(set.get(item) ?? Number.POSITIVE_INFINITY).toBeLessThan(now + 250);
          set.delete(item);
        }
        for (const at of set.values()) expect(at).toBeGreaterThan(now);
      };
      for (const one of acts) {
        if ('pass_ms' in one) {
          now += one.pass_ms;
          check();
        } else {
          agenda.set(one.item, now + one.in_ms);
          set.set(one.item, Math.min(set.get(one.item) ?? Number.POSITIVE_INFINITY, now + one.in_ms));
        }
      }
      now += 10_000;
      check();
      expect(set.size).toBe(0);
    }),
  );
});

test('what is set while things are looked at comes the next time, and never comes without a time', () => {
  const agenda = new Agenda<string>();
  agenda.set('hall', 1_000);
  agenda.set('foyer', Number.POSITIVE_INFINITY);
  for (const item of agenda.take(1_000)) agenda.set(item, 1_000);
  expect(agenda.take(1_000)).toEqual(['hall']);
  expect(agenda.take(3_600_000)).toEqual([]);
});
