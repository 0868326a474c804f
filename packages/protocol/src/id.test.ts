import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createIdGenerator, isId, isUuidV7, timeOfUuid } from './id.ts';

/** A generator whose clock and randomness follow the given lists. */
function generatorOf(times: readonly number[], byte = 0xff): () => string {
  let at = 0;
  const now = () => times[Math.min(at++, times.length - 1)] ?? 0;
  return createIdGenerator({ now, random16: () => new Uint8Array(16).fill(byte) });
}

describe('the id generator', () => {
  test('ids increase whatever the clock does: steps back, stands still, leaps', () => {
    const time = fc.integer({ min: 0, max: 2 ** 47 });
    fc.assert(
      fc.property(fc.array(time, { minLength: 2, maxLength: 60 }), fc.integer({ min: 0, max: 255 }), (times, byte) => {
        const next = generatorOf(times, byte);
        const ids = times.map(() => next());
        expect(ids).toEqual([...ids].sort());
        expect(new Set(ids).size).toBe(ids.length);
        for (const id of ids) expect(isUuidV7(id)).toBe(true);
      }),
    );
  });

  test('many ids within one millisecond increase and carry that millisecond', () => {
    const next = generatorOf([1_700_000_000_000], 0);
    const ids = Array.from({ length: 5000 }, next);
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(5000);
    expect(ids.every((id) => timeOfUuid(id) === 1_700_000_000_000)).toBe(true);
  });

  test('two generators do not share state', () => {
    const early = generatorOf([1000]);
    const late = generatorOf([9_000_000]);
    late();
    expect(timeOfUuid(early())).toBe(1000);
  });
});

test('the time of an id is the time it was made at', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 48 - 1 }), (ms) => timeOfUuid(generatorOf([ms])()) === ms));
  expect(timeOfUuid('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')).toBe(0x017f22e279b0);
});

test('ids that can stand in a log name unescaped, and nothing else', () => {
  for (const good of ['a', 'mere', 'user-1', 'a.b_c~d@e', '0'.repeat(64)]) expect(isId(good)).toBe(true);
  for (const bad of ['', '-a', '.a', 'a:b', 'a/b', 'a b', 'é', 'a\n', '0'.repeat(65)]) expect(isId(bad)).toBe(false);
});

test('only lower-case version 7 ids of the RFC variant count', () => {
  expect(isUuidV7('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')).toBe(true);
  for (const bad of [
    '017f22e2-79b0-4cc3-98c4-dc0c0c07398f',
    '017f22e2-79b0-7cc3-c8c4-dc0c0c07398f',
    '017F22E2-79B0-7CC3-98C4-DC0C0C07398F',
    '017f22e279b07cc398c4dc0c0c07398f',
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n',
  ]) {
    expect(isUuidV7(bad)).toBe(false);
  }
});
