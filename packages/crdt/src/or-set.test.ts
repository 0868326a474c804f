import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Dot } from './dot.ts';
import { CrdtFormatError } from './errors.ts';
import { ORSet, type ORSetOperation } from './or-set.ts';
import { checkFormat, checkLaws } from './testing/laws.ts';
import { timestampOf } from './timestamp.ts';
import { VersionVector } from './version-vector.ts';

const NOON = Date.UTC(2026, 10, 21, 12);
const DAY = 86_400_000;
const at = timestampOf(NOON);

const type = {
  create: () => new ORSet(),
  from: (state: unknown) => ORSet.from(state),
  read: (replica: ORSet) => replica.elements(),
};

const elements = fc.constantFrom('x', 'y', '__proto__');
const dots = fc
  .tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 4 }))
  .map(([node, n]): Dot => `${node}:${n}`);
const tags = fc.oneof(dots, fc.constantFrom('tag-1', 'a:01'));
/** Anything a node may send, faulty ones too: tags used twice, removals before adds, unknown removals seen. */
const operations: fc.Arbitrary<ORSetOperation> = fc.oneof(
  fc.record({
    op: fc.constant('add' as const),
    element: elements,
    tag: tags,
    seen: fc.uniqueArray(dots, { maxLength: 2 }),
  }),
  fc.record({ op: fc.constant('add' as const), element: elements, tag: tags }),
  fc.record({ op: fc.constant('remove' as const), element: elements, tag: tags }),
  fc.record({
    op: fc.constant('remove' as const),
    element: elements,
    tags: fc.uniqueArray(tags, { maxLength: 3 }),
    dot: dots,
    admin: fc.boolean(),
    at: fc.integer({ min: at, max: at + 3 }),
  }),
);

/** The definition, read from the list of all operations. */
function containedBy(list: readonly ORSetOperation[], element: string): boolean {
  const mine = list.filter((operation) => operation.element === element);
  const removed = mine.flatMap((found) => (found.op === 'add' ? [] : 'tags' in found ? found.tags : [found.tag]));
  const admins = mine.flatMap((found) => (found.op === 'remove' && 'tags' in found && found.admin ? [found.dot] : []));
  const adds = mine.flatMap((found) => (found.op === 'add' ? [found] : []));
  return adds.some(({ tag }) => {
    if (removed.includes(tag)) return false;
    const same = adds.filter((other) => other.tag === tag);
    return admins.every((dot) => same.every(({ seen }) => dot !== undefined && seen?.includes(dot)));
  });
}

// proves CR-10
test('with two tags and one removed the element stays; with both removed it is gone', () => {
  const set = new ORSet();
  set.apply({ op: 'add', element: 'user-1', tag: 'tag-1' });
  set.apply({ op: 'add', element: 'user-1', tag: 'tag-2' });
  set.apply({ op: 'remove', element: 'user-1', tag: 'tag-1' });
  expect(set.contains('user-1')).toBe(true);
  set.apply({ op: 'remove', element: 'user-1', tag: 'tag-2' });
  expect(set.contains('user-1')).toBe(false);
});

// proves CR-10
test('an add that a removal did not see wins against it, whichever arrives first', () => {
  const phone = new ORSet();
  const seen = phone.add('x', 'phone:1');
  const tablet = ORSet.from(phone.state());
  const removal = phone.remove('x', { dot: 'phone:2', at });
  const again = tablet.add('x', 'tablet:1');
  for (const order of [
    [seen, removal, again],
    [again, removal, seen],
    [removal, again, seen],
  ]) {
    const set = new ORSet();
    for (const operation of order) set.apply(operation);
    expect(set.elements()).toEqual(['x']);
  }
});

// proves CR-11
test('an add loses against an admin who removes at the same time, whichever arrives first', () => {
  const server = new ORSet();
  const phone = new ORSet();
  const first = server.add('x', 'server:1');
  phone.apply(first);
  const removal = server.remove('x', { dot: 'server:2', admin: true, at });
  const joined = phone.add('x', 'phone:1');
  for (const order of [
    [first, removal, joined],
    [joined, first, removal],
    [removal, joined, first],
  ]) {
    const set = new ORSet();
    for (const operation of order) set.apply(operation);
    expect(set.contains('x')).toBe(false);
  }
});

// proves CR-11
test('an add by somebody who saw the admin’s removal wins', () => {
  const server = new ORSet();
  const removal = server.remove('x', { dot: 'server:1', admin: true, at });
  const phone = new ORSet();
  phone.apply(removal);
  const joined = phone.add('x', 'phone:1');
  expect(joined.seen).toEqual(['server:1']);
  const set = new ORSet();
  set.apply(joined);
  set.apply(removal);
  expect(set.contains('x')).toBe(true);
  const later = set.remove('x', { dot: 'server:2', admin: true, at });
  expect(later.tags).toEqual(['phone:1']);
  expect(set.contains('x')).toBe(false);
});

// proves CR-10, CR-11
test('membership is what the definition says of the operations, in any order', () => {
  fc.assert(
    fc.property(fc.array(operations, { maxLength: 14 }), (list) => {
      const set = new ORSet();
      for (const operation of list) set.apply(operation);
      for (const element of ['x', 'y', '__proto__']) {
        expect(set.contains(element)).toBe(containedBy(list, element));
        expect(set.elements().includes(element)).toBe(set.contains(element));
      }
    }),
    { numRuns: 300 },
  );
});

// proves CR-5, CR-6
test('sets converge in any order and by any merge', () => checkLaws(type, fc.array(operations, { maxLength: 12 })));

// proves CR-4
test('a malformed state is refused and changes nothing', () => {
  const set = new ORSet();
  set.add('x', 'a:1');
  set.remove('y', { dot: 'a:2', admin: true, at });
  set.add('y', 'a:3');
  set.add('z', 'b:1');
  set.remove('z', { dot: 'b:2', at });
  set.add('gone', 'c:1');
  set.remove('gone', { dot: 'c:2', at });
  expect(set.collect({ stable: VersionVector.parse('c:2'), now: NOON + DAY })).toBe(1);
  checkFormat(type, set.state());
});

test('an admin’s removal needs a dot, and a time is a timestamp', () => {
  const set = new ORSet();
  expect(() => set.apply({ op: 'remove', element: 'x', tags: [], admin: true })).toThrow(CrdtFormatError);
  expect(() => set.apply({ op: 'remove', element: 'x', tags: ['a:1'], dot: 'a:2', at: -1 })).toThrow(CrdtFormatError);
  expect(set.elements()).toEqual([]);
});

// proves CR-12
test('a tombstone is forgotten once its add and its removal are stable and a day old, not before', () => {
  const removed = () => {
    const set = new ORSet();
    set.add('x', 'a:1');
    set.remove('x', { dot: 'b:1', at });
    return set;
  };
  const collect = (stable: string, now: number) => removed().collect({ stable: VersionVector.parse(stable), now });
  expect(collect('a:1,b:1', NOON + DAY)).toBe(1);
  expect(collect('a:1,b:1', NOON + DAY - 1)).toBe(0);
  expect(collect('a:1', NOON + 30 * DAY)).toBe(0);
  expect(collect('b:1', NOON + 30 * DAY)).toBe(0);
});

// proves CR-12
test('what does not say when and by which operation it was removed is kept', () => {
  const set = new ORSet();
  set.apply({ op: 'add', element: 'x', tag: 'a:1' });
  set.apply({ op: 'remove', element: 'x', tag: 'a:1' });
  expect(set.collect({ stable: VersionVector.parse('a:9'), now: NOON + 99 * DAY })).toBe(0);
});

// proves CR-13
test('after collection a repeated add, and a state from before, bring nothing back', () => {
  const set = new ORSet();
  const add = set.add('x', 'a:1');
  const before = ORSet.from(set.state());
  const removal = set.remove('x', { dot: 'a:2', at });
  const stale = ORSet.from(set.state());
  set.collect({ stable: VersionVector.parse('a:2'), now: NOON + DAY });
  expect(set.state().e).toEqual([]);
  expect([set.apply(add), set.apply(removal)]).toEqual([false, false]);
  set.merge(before.state());
  set.merge(stale.state());
  expect(set.state().e).toEqual([]);
  before.merge(set.state());
  expect(before.elements()).toEqual([]);
});

// proves CR-13
test('an admin’s removal still refuses an add that comes months after collection', () => {
  const server = new ORSet();
  const joined = server.add('x', 'server:1');
  const phone = new ORSet();
  phone.apply(joined);
  server.remove('x', { dot: 'server:2', admin: true, at });
  const unsent = phone.add('x', 'phone:1');
  server.collect({ stable: VersionVector.parse('server:2'), now: NOON + 90 * DAY });
  const returned = ORSet.from(server.state());
  for (const set of [server, returned]) {
    set.apply(unsent);
    expect(set.contains('x')).toBe(false);
  }
  server.collect({ stable: VersionVector.parse('server:2,phone:1'), now: NOON + 91 * DAY });
  expect(server.state().e).toEqual([['x', [], [], [1, 2, 1]]]);
});
