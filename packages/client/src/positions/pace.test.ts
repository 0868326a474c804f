import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { distanceOf, MOVED_M, MOVING_MS, paceOf, STILL_MS } from './pace.ts';

const HERE = { lat: -41.2865, lng: 174.7762, accuracy_m: 5 };
/** A degree of latitude is 111.2 km. */
const north = (metres: number, accuracy_m = 5) => ({ ...HERE, lat: HERE.lat + metres / 111_195, accuracy_m });
const sent = { ...HERE, at: 0 };

// proves PO-11
describe('a position leaves', () => {
  test('at once when it is the first', () => {
    expect(paceOf(null, HERE, 0)).toBe('moved');
  });

  test('after five seconds when the device moved, and not for less than 25 metres', () => {
    expect(paceOf(sent, north(MOVED_M + 1), MOVING_MS - 1)).toBe('left_out');
    expect(paceOf(sent, north(MOVED_M + 1), MOVING_MS)).toBe('moved');
    expect(paceOf(sent, north(MOVED_M - 1), STILL_MS - 1)).toBe('left_out');
  });

  test('not for a distance that the reading may be off by', () => {
    expect(paceOf(sent, north(80, 100), MOVING_MS)).toBe('left_out');
    expect(paceOf(sent, north(120, 100), MOVING_MS)).toBe('moved');
  });

  test('after a minute in any case', () => {
    expect(paceOf(sent, HERE, STILL_MS)).toBe('still');
  });
});

describe('the distance', () => {
  test('is that of the globe, also across the date line and the poles', () => {
    expect(distanceOf({ lat: -36.8485, lng: 174.7633 }, { lat: -41.2865, lng: 174.7762 })).toBeCloseTo(493_480, -3);
    expect(distanceOf({ lat: 0, lng: 179.999 }, { lat: 0, lng: -179.999 })).toBeCloseTo(222.4, 1);
    expect(distanceOf({ lat: 89.999, lng: 0 }, { lat: 89.999, lng: 180 })).toBeCloseTo(222.4, 1);
  });

  test('is the same both ways, never more than half the globe, and none to oneself', () => {
    const point = fc.record({
      lat: fc.double({ min: -90, max: 90, noNaN: true }),
      lng: fc.double({ min: -180, max: 180, noNaN: true }),
    });
    fc.assert(
      fc.property(point, point, (a, b) => {
        const metres = distanceOf(a, b);
        expect(metres).toBeCloseTo(distanceOf(b, a), 3);
        expect(metres).toBeGreaterThanOrEqual(0);
        expect(metres).toBeLessThanOrEqual(20_015_087);
        expect(distanceOf(a, a)).toBe(0);
      }),
    );
  });
});
