import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  advance,
  type CursorInput,
  cursorAt,
  type Delivery,
  HELD_MAX,
  type LogCursor,
  needsHistory,
} from './log-cursor.ts';

const entry = (position: number) => ({ position, item: position });
const live = (...positions: number[]): CursorInput<number> => ({ kind: 'live', entries: positions.map(entry) });
const page = (
  after: number,
  positions: number[],
  rest: { first?: number; head?: number; gap?: { from: number; to: number; reason: 'retention' | 'damage' } } = {},
): CursorInput<number> => ({
  kind: 'page',
  after,
  entries: positions.map(entry),
  first: rest.first ?? 1,
  head: rest.head ?? Math.max(after, ...positions),
  gap: rest.gap,
});

/** Runs inputs one after another; returns what was delivered, gaps as `from-to reason`. */
function run(
  start: number,
  ...inputs: CursorInput<number>[]
): { cursor: LogCursor<number>; seen: (number | string)[] } {
  let cursor = cursorAt<number>(start);
  const seen: (number | string)[] = [];
  for (const input of inputs) {
    const step = advance(cursor, input);
    cursor = step.cursor;
    seen.push(...step.due.map(describeDelivery));
  }
  return { cursor, seen };
}

function describeDelivery(delivery: Delivery<number>): number | string {
  return delivery.kind === 'item' ? delivery.item : `${delivery.gap.from}-${delivery.gap.to} ${delivery.gap.reason}`;
}

describe('live entries', () => {
  test('the next one is delivered at once, repeats are not', () => {
    expect(run(3, live(4), live(4), live(3), live(5)).seen).toEqual([4, 5]);
  });

  test('one beyond a hole waits, and history is wanted', () => {
    const { cursor, seen } = run(3, live(6));
    expect(seen).toEqual([]);
    expect(needsHistory(cursor)).toBe(true);
  });

  test('what waited follows once the page before it came', () => {
    const { cursor, seen } = run(0, { kind: 'head', head: 3 }, live(4), live(5), page(0, [1, 2, 3]));
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(needsHistory(cursor)).toBe(false);
  });

  test('out of order they close the hole themselves', () => {
    expect(run(0, live(3), live(2), live(1)).seen).toEqual([1, 2, 3]);
  });

  test('no more than the bound are held, and the rest is still known to be missing', () => {
    const { cursor } = run(0, live(...Array.from({ length: HELD_MAX + 50 }, (_, i) => i + 2)));
    expect(cursor.held.size).toBe(HELD_MAX);
    expect(cursor.head).toBe(HELD_MAX + 51);
    expect(Math.max(...cursor.held.keys())).toBe(HELD_MAX + 1);
  });
});

describe('gaps', () => {
  test('a skipped stretch is said and passed over', () => {
    expect(run(3, { kind: 'skipped', from: 4, to: 9 }, live(10)).seen).toEqual(['4-9 skipped', 10]);
  });

  test('a skipped stretch beyond a hole waits for the hole to close', () => {
    expect(run(3, { kind: 'skipped', from: 6, to: 9 }, live(10), page(3, [4, 5], { head: 10 })).seen).toEqual([
      4,
      5,
      '6-9 skipped',
      10,
    ]);
  });

  test('a stretch that is partly known is skipped only beyond it', () => {
    expect(run(6, { kind: 'skipped', from: 4, to: 9 }).seen).toEqual(['7-9 skipped']);
  });

  test('an entry of a skipped stretch that came another way stands between what was skipped', () => {
    expect(run(3, live(6), { kind: 'skipped', from: 4, to: 9 }, live(10)).seen).toEqual([
      '4-5 skipped',
      6,
      '7-9 skipped',
      10,
    ]);
  });

  test('what retention trimmed is said before the first entry that is left', () => {
    expect(run(2, page(2, [8, 9], { first: 8, gap: { from: 3, to: 7, reason: 'retention' } })).seen).toEqual([
      '3-7 retention',
      8,
      9,
    ]);
  });

  test('a log trimmed to nothing leaves a gap and no wish for history', () => {
    const { cursor, seen } = run(2, { kind: 'head', head: 7 }, page(2, [], { first: 8, head: 7 }));
    expect(seen).toEqual(['3-7 retention']);
    expect(needsHistory(cursor)).toBe(false);
  });

  test('entries a page passes over without a word are said to be damaged', () => {
    expect(run(2, page(2, [3, 6])).seen).toEqual([3, '4-5 damage', 6]);
  });
});

// proves CL-9
test('whatever arrives, in whatever order and however often, each position is delivered once and in order', () => {
  const positions = fc.integer({ min: 1, max: 40 });
  const step = fc.oneof(
    fc.array(positions, { minLength: 1, maxLength: 6 }).map((all) => ({ kind: 'live' as const, all })),
    fc
      .tuple(positions, fc.integer({ min: 0, max: 5 }))
      .map(([from, more]) => ({ kind: 'skipped' as const, from, to: Math.min(40, from + more) })),
    fc.integer({ min: 1, max: 7 }).map((size) => ({ kind: 'page' as const, size })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let cursor = advance(cursorAt<number>(0), { kind: 'head', head: 40 }).cursor;
      const covered: number[] = [];
      const take = (input: CursorInput<number>) => {
        const next = advance(cursor, input);
        cursor = next.cursor;
        for (const delivery of next.due) {
          if (delivery.kind === 'item') covered.push(delivery.item);
          else for (let at = delivery.gap.from; at <= delivery.gap.to; at++) covered.push(at);
        }
      };
      const pull = (size: number) => {
        const after = cursor.position;
        const rest = Array.from({ length: 40 - after }, (_, i) => after + 1 + i).slice(0, size);
        take(page(after, rest, { head: 40 }));
      };
      for (const one of steps) {
        if (one.kind === 'live') take(live(...one.all));
        else if (one.kind === 'skipped') take(one);
        else pull(one.size);
      }
      while (needsHistory(cursor)) pull(100);
      expect(covered).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    }),
  );
});
