import { expect, test } from 'bun:test';
import { textArray } from './arrays.ts';

test('texts in an array keep quotes, backslashes, control characters and what only looks like NULL', () => {
  expect(textArray(['say "no"', 'c:\\d', 'a\n"b"\\\u007f', 'NULL', '', null])).toBe(
    '{"say \\"no\\"","c:\\\\d","a\n\\"b\\"\\\\\u007f","NULL","",NULL}',
  );
});
