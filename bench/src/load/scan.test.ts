import { expect, test } from 'bun:test';
import { eachNumber, numberedText, occurrences } from './scan.ts';

const OFFSET = Buffer.from('"offset":');

function bytesOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

test('what people write does not change the count of items', () => {
  const items = ['plain', 'sly "offset":7 text', '\\"offset":'].map((text, at) => ({
    offset: at + 1,
    payload: { text },
  }));
  const bytes = bytesOf({ type: 'message', items });
  expect(occurrences(bytes, OFFSET, 0, bytes.length)).toBe(items.length);
});

test('counting stops at the end of the frame', () => {
  const bytes = Buffer.concat([bytesOf({ offset: 1 }), bytesOf({ offset: 2 })]);
  expect(occurrences(bytes, OFFSET, 0, bytes.length / 2)).toBe(1);
});

test('numbered texts have the size asked for and give back their numbers in order', () => {
  expect(numberedText(42, 200)).toHaveLength(200);
  const bytes = bytesOf([7, 0, 4_000_000_000].map((sequence) => numberedText(sequence, 40)));
  const found: number[] = [];
  eachNumber(bytes, { start: 0, end: bytes.length }, (sequence) => found.push(sequence));
  expect(found).toEqual([7, 0, 4_000_000_000]);
});
