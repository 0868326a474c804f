import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { highestBelow, joined, stretchAt, type Stretches, without } from './stretches.ts';

const change = fc.record({
  add: fc.boolean(),
  from: fc.integer({ min: 1, max: 60 }),
  length: fc.integer({ min: 1, max: 12 }),
});

test('stretches hold what was added and not taken out, ascending, joined where they touch', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const model = new Set<number>();
      let stretches: Stretches = [];
      for (const { add, from, length } of changes) {
        const to = from + length - 1;
        for (let offset = from; offset <= to; offset++) add ? model.add(offset) : model.delete(offset);
        stretches = add ? joined(stretches, from, to) : without(stretches, from, to);
      }
      const held = stretches.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
      expect(held).toEqual([...model].sort((a, b) => a - b));
      for (const [index, [from]] of stretches.entries()) {
        const before = stretches[index - 1];
        if (before) expect(from).toBeGreaterThan(before[1] + 1);
      }
      for (let offset = 1; offset <= 75; offset++) {
        expect(stretchAt(stretches, offset) !== undefined).toBe(model.has(offset));
        expect(highestBelow(stretches, offset)).toBe(Math.max(0, ...[...model].filter((one) => one < offset)));
      }
    }),
  );
});
