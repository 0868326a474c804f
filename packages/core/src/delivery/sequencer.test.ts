import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Sequencer } from './sequencer.ts';

const entries = (offsets: readonly number[]) => offsets.map((offset) => ({ offset }));

// proves DL-12
test('any order with doubles comes out once, gapless and ascending', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }).chain((count) => {
        const all = Array.from({ length: count }, (_, i) => i + 1);
        return fc.tuple(
          fc.shuffledSubarray(all, { minLength: count, maxLength: count }),
          fc.array(fc.constantFrom(...all)),
        );
      }),
      ([shuffled, doubles]) => {
        const sequencer = new Sequencer<{ offset: number }>();
        sequencer.start(0);
        const out: number[] = [];
        for (const entry of entries([...doubles.slice(0, 5), ...shuffled, ...doubles])) {
          out.push(...sequencer.push(entry).map((e) => e.offset));
        }
        expect(out).toEqual(shuffled.toSorted((a, b) => a - b));
        expect(sequencer.hasHole).toBe(false);
      },
    ),
  );
});

test('entries behind a hole wait until it is filled', () => {
  const sequencer = new Sequencer<{ offset: number }>();
  sequencer.start(4);
  expect(sequencer.push({ offset: 7 })).toEqual([]);
  expect(sequencer.push({ offset: 6 })).toEqual([]);
  expect(sequencer.hasHole).toBe(true);
  expect(sequencer.push({ offset: 5 })).toEqual(entries([5, 6, 7]));
  expect(sequencer.position).toBe(7);
});

test('a trimmed stretch is skipped and what waited behind it comes', () => {
  const sequencer = new Sequencer<{ offset: number }>();
  sequencer.start(0);
  sequencer.push({ offset: 5 });
  expect(sequencer.skipTo(5)).toEqual(entries([5]));
});

test('the entry that fills the hole is taken even when as many wait as may', () => {
  const sequencer = new Sequencer<{ offset: number }>();
  sequencer.start(0);
  for (let offset = 2; offset < 10_000; offset++) sequencer.push({ offset });
  expect(sequencer.push({ offset: 1 })[0]).toEqual({ offset: 1 });
});
