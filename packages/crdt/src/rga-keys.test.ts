import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { CrdtFormatError, CrdtLimitError } from './errors.ts';
import { isKey, keyBetween } from './fractional-index.ts';
import { RGASequence } from './rga-sequence.ts';

const half = () => 0.5;
const jitters = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 });

/** Numbers from a list, over and over. */
function cycle(numbers: readonly number[]): () => number {
  let next = 0;
  return () => numbers[next++ % numbers.length] ?? 0;
}

// proves CR-20
test('there is always a key between two keys, before the first and after the last', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(999), { maxLength: 120 }), jitters, (places, numbers) => {
      const jitter = cycle(numbers);
      const keys: string[] = [];
      for (const place of places) {
        const at = place % (keys.length + 1);
        const key = keyBetween(keys[at - 1] ?? null, keys[at] ?? null, jitter);
        expect(isKey(key)).toBe(true);
        keys.splice(at, 0, key);
      }
      expect(keys).toEqual([...new Set(keys)].sort());
    }),
    { numRuns: 200 },
  );
});

// proves CR-20
test('ten thousand keys one after another stay short, in either direction and in the middle', () => {
  const longest = (next: (previous: string) => string) => {
    let key = keyBetween(null, null, half);
    let length = 0;
    for (let time = 0; time < 10_000; time += 1) {
      key = next(key);
      length = Math.max(length, key.length);
    }
    return length;
  };
  const low = keyBetween(null, null, half);
  const high = keyBetween(low, null, half);
  expect(longest((key) => keyBetween(key, null, half))).toBeLessThanOrEqual(8);
  expect(longest((key) => keyBetween(null, key, half))).toBeLessThanOrEqual(8);
  expect(longest((key) => keyBetween(key === low ? low : key, high, half))).toBeLessThanOrEqual(16);
  expect(longest((key) => keyBetween(low, key === low ? high : key, half))).toBeLessThanOrEqual(16);
});

// proves CR-20
test('two replicas that choose a key for one place choose different ones', () => {
  const a = keyBetween('a0000', 'a1000', () => 0.25);
  const b = keyBetween('a0000', 'a1000', () => 0.75);
  expect(a).not.toBe(b);
  const between = keyBetween(a, b, half);
  expect(a < between && between < b).toBe(true);
});

test('there is room beyond the extremes that a hostile key may claim', () => {
  for (const key of [`g${'z'.repeat(7)}zzz`, `T${'0'.repeat(6)}1000`, `T${'0'.repeat(7)}000a0000`]) {
    expect(isKey(key)).toBe(true);
    const above = keyBetween(key, null, half);
    const below = keyBetween(null, key, half);
    expect(below < key && key < above).toBe(true);
    expect(keyBetween(null, below, half) < below).toBe(true);
  }
});

test('what is no key, or no interval, is refused', () => {
  for (const key of ['', 'a', 'a0', 'a000', 'a0000b', 'h00000000000', 'a-000', `T${'0'.repeat(7)}000`, 'é0000']) {
    expect(isKey(key)).toBe(false);
    expect(() => keyBetween(key, null, half)).toThrow(CrdtFormatError);
  }
  expect(() => keyBetween('a1000', 'a0000', half)).toThrow(CrdtFormatError);
  expect(() => keyBetween('a1000', 'a1000', half)).toThrow(CrdtFormatError);
  const long = 'a0000'.repeat(13_107);
  expect(() => keyBetween(long, `${long.slice(0, -4)}0001`, half)).toThrow(CrdtLimitError);
});

const edits = fc.array(fc.record({ kind: fc.nat(5), at: fc.nat(99), ask: fc.boolean() }), { maxLength: 50 });

// proves CR-19
test('keys sort as the elements do, and an element keeps its key until it is moved', () => {
  fc.assert(
    fc.property(edits, (history) => {
      const sequence = new RGASequence<number>();
      const given = new Map<string, string>();
      for (const [index, { kind, at, ask }] of history.entries()) {
        const here = sequence.ids();
        const after = here[at % (here.length + 1)] ?? null;
        const target = here[at % Math.max(1, here.length)];
        if (kind < 2 && target) {
          given.delete(target);
          if (kind === 0) sequence.remove(target);
          else sequence.move(target, here[0] ?? null, 1000 + index, 'n');
        } else sequence.insert({ id: `n:${index + 1}`, content: index, position: { after } });
        if (ask) for (const id of sequence.ids()) given.set(id, sequence.key(id)!);
        for (const [id, key] of given) expect(sequence.key(id)).toBe(key);
      }
      const keys = sequence.ids().map((id) => sequence.key(id)!);
      expect(keys).toEqual([...new Set(keys)].sort());
      const rows = sequence.ids().map((id, index) => [id, keys[index]!] as const);
      const restored = RGASequence.from<number>(sequence.state(), { keys: rows });
      expect(restored.ids().map((id) => restored.key(id)!)).toEqual(keys);
    }),
    { numRuns: 150 },
  );
});

// proves CR-19
test('kept keys that do not sort as the elements do are refused', () => {
  const sequence = new RGASequence<string>();
  sequence.insert({ id: 'a', content: '', position: { after: null } });
  sequence.insert({ id: 'b', content: '', position: { after: 'a' } });
  const keys = [
    ['a', 'a1000'],
    ['b', 'a0000'],
  ] as const;
  expect(() => RGASequence.from(sequence.state(), { keys })).toThrow(CrdtFormatError);
  expect(sequence.key('missing')).toBeNull();
});
