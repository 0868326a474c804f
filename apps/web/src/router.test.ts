import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { hrefOf, parseRoute, type Route } from './router.ts';

const word = fc
  .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
  .filter((s) => s !== '.' && s !== '..' && s.isWellFormed());
const maybe = fc.option(word, { nil: null });
const panel = fc.oneof(
  fc.constant(null),
  fc.constant({ kind: 'about' } as const),
  word.map((root) => ({ kind: 'thread', root }) as const),
);
const route: fc.Arbitrary<Route> = fc.oneof(
  maybe.map((code) => ({ name: 'join', code }) as const),
  fc.tuple(maybe, fc.boolean()).map(([session, mine]) => ({ name: 'programme', session, mine }) as const),
  word.map((meeting) => ({ name: 'meeting', meeting }) as const),
  maybe.map((user) => ({ name: 'people', user }) as const),
  fc.constantFrom('reports' as const, 'device' as const, null).map((section) => ({ name: 'me', section }) as const),
  fc
    .string()
    .filter((s) => s.isWellFormed())
    .map((query) => ({ name: 'search', query }) as const),
  fc.constant({ name: 'operator' } as const),
  fc.constant({ name: 'talk', log: null, panel: null, message: null } as const),
  fc.tuple(word, panel, maybe).map(([log, p, message]) => ({ name: 'talk', log, panel: p, message }) as const),
);

describe('routes', () => {
  test('every route is read back from its address', () => {
    fc.assert(fc.property(route, (r) => expect(parseRoute(hrefOf(r))).toEqual(r)));
  });

  test('an invitation link leads to joining with its code', () => {
    expect(parseRoute('/join/K7QF2M')).toEqual({ name: 'join', code: 'K7QF2M' });
  });

  test('an unknown path leads to the conversations', () => {
    expect(parseRoute('/nonsense/1?x=2')).toEqual({ name: 'talk', log: null, panel: null, message: null });
  });

  test('a log name stands readable in the address', () => {
    expect(hrefOf({ name: 'talk', log: 'dm:a:b', panel: null, message: null })).toBe('/talk/dm:a:b');
  });
});
