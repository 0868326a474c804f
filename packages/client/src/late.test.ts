import { describe, expect, test } from 'bun:test';
import { LIMITS } from '@konferenco/protocol';
import fc from 'fast-check';
import { type Dated, isLate, LATE_MS, placed } from './late.ts';

const MINUTE = 60_000;
const show = (messages: readonly Dated[], low = 0) => placed(messages, low).map(({ message }) => message.offset);

/** A log whose times do not go back; some of it written long before it arrived, or claiming so. */
const logs = fc
  .array(
    fc.record({
      pause: fc.integer({ min: 0, max: 5 * MINUTE }),
      after: fc.option(fc.nat(30), { nil: undefined }),
      age: fc.oneof(fc.constant(0), fc.integer({ min: -2 * MINUTE, max: 40 * MINUTE }), fc.constant(9 * 86_400_000)),
    }),
    { maxLength: 30 },
  )
  .map((entries) => {
    let at = 1_000_000_000;
    return entries.map(({ pause, after, age }, index): Dated => {
      at += pause;
      return { offset: index + 1, at, timestamp: at - age, ...(after === undefined ? {} : { after }) };
    });
  });

describe('a message that arrived late', () => {
  const talk: readonly Dated[] = [1, 2, 3, 4].map((offset) => ({
    offset,
    at: offset * 10 * MINUTE,
    timestamp: offset * 10 * MINUTE,
  }));
  const late = (part: Partial<Dated>): Dated => ({
    offset: 5,
    at: 100 * MINUTE,
    timestamp: 25 * MINUTE,
    after: 1,
    ...part,
  });

  // proves CL-27
  test('stands where it was written', () => {
    expect(show([...talk, late({})])).toEqual([1, 2, 5, 3, 4]);
  });

  test('stands after what its author had seen, whatever its time says', () => {
    expect(show([...talk, late({ timestamp: 5 * MINUTE, after: 3 })])).toEqual([1, 2, 3, 5, 4]);
  });

  // proves CL-28
  test('with a time in the future, too long ago, or without what its author had seen, stays where it arrived', () => {
    for (const hostile of [
      { timestamp: 200 * MINUTE },
      { timestamp: 100 * MINUTE - LIMITS.id_age_ms - 1 },
      { after: undefined },
      { after: 5 },
      { timestamp: 100 * MINUTE - LATE_MS },
    ]) {
      expect(show([...talk, late(hostile)])).toEqual([1, 2, 3, 4, 5]);
    }
  });

  test('of one author keeps the order of writing among the others', () => {
    const burst = [5, 6, 7].map((offset) => late({ offset, timestamp: (20 + offset) * MINUTE }));
    expect(show([...talk, ...burst])).toEqual([1, 2, 5, 6, 7, 3, 4]);
  });

  test('whose place is not loaded yet is not shown elsewhere meanwhile', () => {
    expect(show([...talk.slice(2), late({})], 3)).toEqual([3, 4]);
    expect(show([...talk.slice(1), late({})], 2)).toEqual([2, 5, 3, 4]);
  });
});

// proves CL-27
describe('in any log', () => {
  test('messages that came in time stand by offset, late ones never after their own place', () => {
    fc.assert(
      fc.property(logs, (log) => {
        const shown = placed(log, 0);
        expect(shown.map(({ message }) => message.offset).sort((a, b) => a - b)).toEqual(
          log.map(({ offset }) => offset),
        );
        const inTime = shown.flatMap(({ message }) => (isLate(message) ? [] : [message.offset]));
        expect(inTime).toEqual([...inTime].sort((a, b) => a - b));
        for (const { message, place } of shown) expect(place).toBeLessThanOrEqual(message.offset);
      }),
    );
  });

  test('loading older pages puts in more and moves nothing that is shown', () => {
    fc.assert(
      fc.property(logs, (log) => {
        let before: readonly number[] = [];
        for (let low = log.length; low >= 1; low--) {
          const shown = show(log.slice(low - 1), low);
          const still = new Set(before);
          expect(shown.filter((offset) => still.has(offset))).toEqual([...before]);
          before = shown;
        }
        expect([...before].sort((a, b) => a - b)).toEqual(log.map(({ offset }) => offset));
      }),
      { numRuns: 500 },
    );
  });
});
