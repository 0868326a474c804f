import { expect, test } from 'bun:test';
import { rangeOf } from './byte-range.ts';

const part = (first: number, last: number) => ({ kind: 'part' as const, range: { first, last } });
const whole = { kind: 'whole' as const };
const outside = { kind: 'outside' as const };

test.each([
  [null, whole],
  ['bytes=0-', part(0, 99)],
  ['bytes=10-19', part(10, 19)],
  ['bytes=90-1000', part(90, 99)],
  ['bytes=-10', part(90, 99)],
  ['bytes=-1000', part(0, 99)],
  ['bytes=-0', outside],
  ['bytes=100-', outside],
  ['bytes=9-2', whole],
  ['bytes=-', whole],
  ['bytes=0-1,5-6', whole],
  ['items=0-1', whole],
  ['bytes=99999999999999999999-', whole],
])('of 100 bytes, %p asks for %p', (header, answer) => {
  expect(rangeOf(header, 100)).toEqual(answer);
});
