import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { assertPrefix, subjectToken } from './subjects.ts';

test('a token is one valid token of a subject, and no two texts share one', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(subjectToken(a)).toMatch(/^[A-Za-z0-9_~@:%-]+$/);
      expect(subjectToken(a) === subjectToken(b)).toBe(a === b);
    }),
  );
  const alike = ['', '%', '.', '%002e', 'a.b', 'a%b', 'a b', 'a*', 'a>', 'ch:a', 'é', 'e\u0301'];
  expect(new Set(alike.map(subjectToken)).size).toBe(alike.length);
});

test('a prefix that would break a subject or a stream name is refused', () => {
  for (const prefix of ['konferenco', 'a', 'A-1_b']) expect(() => assertPrefix(prefix)).not.toThrow();
  for (const prefix of ['', 'a.b', 'a b', '*', '>', 'x'.repeat(33)])
    expect(() => assertPrefix(prefix)).toThrow(TypeError);
});
