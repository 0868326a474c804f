import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { decorrelatedJitter } from './backoff.ts';

const bounds = { base_ms: 300, cap_ms: 20_000 };
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('every pause lies between the base and the smaller of the cap and three times the pause before, the first one included', () => {
  fc.assert(
    fc.property(fc.array(random, { minLength: 1, maxLength: 50 }), (draws) => {
      let previous = 0;
      for (const draw of draws) {
        const pause = decorrelatedJitter(previous, draw, bounds);
        expect(pause).toBeGreaterThanOrEqual(bounds.base_ms);
        expect(pause).toBeLessThanOrEqual(Math.min(bounds.cap_ms, 3 * Math.max(bounds.base_ms, previous)));
        previous = pause;
      }
    }),
  );
});

test('unlucky draws reach the cap and stay there', () => {
  let pause = 0;
  for (let i = 0; i < 10; i++) pause = decorrelatedJitter(pause, 0.999_999, bounds);
  expect(pause).toBe(bounds.cap_ms);
});

test('clients that failed together part ways, at their first pause and at the cap too', () => {
  for (const previous of [0, bounds.cap_ms]) {
    const pauses = Array.from({ length: 100 }, (_, n) => decorrelatedJitter(previous, n / 100, bounds));
    expect(new Set(pauses).size).toBe(100);
  }
  expect(decorrelatedJitter(1_000, 0.1, bounds)).not.toBe(decorrelatedJitter(1_000, 0.9, bounds));
});
