import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { dot, parseDot } from './dot.ts';
import { CrdtFormatError } from './errors.ts';
import { VersionVector } from './version-vector.ts';

const vectors = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 4 })), { maxLength: 4 })
  .map((entries) => VersionVector.of(entries));

// proves CR-3
test('a vector is written sorted and reads back as it was', () => {
  expect(VersionVector.parse('b:7,a:3').toString()).toBe('a:3,b:7');
  expect(VersionVector.parse('').size).toBe(0);
  fc.assert(
    fc.property(vectors, (vector) => {
      expect(VersionVector.parse(vector.toString()).compare(vector)).toBe('equal');
    }),
  );
});

// proves CR-3
test('rubbish and too many entries are refused with a typed error', () => {
  const rubbish = ['a', 'a:', ':1', 'a:1,', ',', 'a:-1', 'a:1.5', 'a:01', 'a:1e3', 'a:1:2', 'a:1,a:2', ' a:1,b:x'];
  for (const text of [...rubbish, `a:${2 ** 53}`, `${'x'.repeat(257)}:1`]) {
    expect(() => VersionVector.parse(text)).toThrow(CrdtFormatError);
  }
  expect(() => VersionVector.parse(null as unknown as string)).toThrow(CrdtFormatError);
  const many = Array.from({ length: 1025 }, (_, index) => `n${index}:1`);
  expect(VersionVector.parse(many.slice(1).join(',')).size).toBe(1024);
  expect(() => VersionVector.parse(many.join(','))).toThrow('more than 1024');
  expect(VersionVector.parse(many.join(','), 2000).size).toBe(1025);
});

// proves CR-3
test('merging takes the maximum of each entry, and the order of vectors is that of knowledge', () => {
  fc.assert(
    fc.property(vectors, vectors, vectors, (a, b, c) => {
      const both = a.merge(b);
      for (const node of 'abcd') {
        expect(both.get(node)).toBe(Math.max(a.get(node), b.get(node)));
        expect(a.min(b).get(node)).toBe(Math.min(a.get(node), b.get(node)));
      }
      expect(both.toString()).toBe(b.merge(a).toString());
      expect(both.merge(c).toString()).toBe(a.merge(b.merge(c)).toString());
      expect(['equal', 'after']).toContain(both.compare(a));
      const mirrored = { equal: 'equal', before: 'after', after: 'before', concurrent: 'concurrent' } as const;
      expect(b.compare(a)).toBe(mirrored[a.compare(b)]);
      const reachable = [...'abcd'].every((node) => a.get(node) <= b.get(node));
      expect(reachable).toBe(['equal', 'before'].includes(a.compare(b)));
    }),
  );
});

test('a vector includes the dots up to its entry, and never goes back', () => {
  const vector = VersionVector.parse('a:3');
  expect(vector.includes('a:3')).toBe(true);
  expect(vector.includes('a:4')).toBe(false);
  expect(vector.includes('b:1')).toBe(false);
  expect(vector.with('a', 2).get('a')).toBe(3);
  expect(vector.with('b', 1).toString()).toBe('a:3,b:1');
  expect(vector.toString()).toBe('a:3');
  expect(() => vector.with('a:b', 1)).toThrow(CrdtFormatError);
});

test('a dot is a node and a sequence, spelt one way', () => {
  expect(dot('phone-1', 42)).toBe('phone-1:42');
  expect(parseDot('phone-1:42')).toEqual({ node: 'phone-1', sequence: 42 });
  for (const text of ['', 'a', 'a:', ':1', 'a:0', 'a:01', 'a:1:1', 'a,b:1', 'a:-1', `a:${2 ** 53}`]) {
    expect(() => parseDot(text)).toThrow(CrdtFormatError);
  }
  expect(() => dot('a', 0)).toThrow(CrdtFormatError);
  expect(() => dot('a,b', 1)).toThrow(CrdtFormatError);
});
