import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { HybridLogicalClock } from './hybrid-logical-clock.ts';
import { LWWElementSet, type LWWElementSetOperation } from './lww-element-set.ts';
import { LWWMap, type LWWMapOperation } from './lww-map.ts';
import { LWWRegister } from './lww-register.ts';
import type { Stamped } from './stamp.ts';
import { checkFormat, checkLaws, stamps } from './testing/laws.ts';
import { timestampOf } from './timestamp.ts';

const values = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(null, 'x', { a: 1, b: [2] }));

const register = {
  create: () => new LWWRegister<unknown>(),
  from: (state: unknown) => LWWRegister.from<unknown>(state),
  read: (replica: LWWRegister<unknown>) => replica.value(),
};
const map = {
  create: () => new LWWMap<unknown>(),
  from: (state: unknown) => LWWMap.from<unknown>(state),
  read: (replica: LWWMap<unknown>) => replica.entries(),
};
const elementSet = {
  create: () => new LWWElementSet(),
  from: (state: unknown) => LWWElementSet.from(state),
  read: (replica: LWWElementSet) => replica.elements(),
};

// proves CR-7
test('a register keeps the latest write, whichever arrives last', () => {
  const crdt = new LWWRegister<string>();
  expect(crdt.apply({ value: 'A', timestamp: 1000, node: 'client-1' })).toBe(true);
  expect(crdt.apply({ value: 'B', timestamp: 1001, node: 'client-2' })).toBe(true);
  expect(crdt.apply({ value: 'C', timestamp: 999, node: 'client-3' })).toBe(false);
  expect(crdt.value()).toBe('B');
  expect(crdt.apply({ value: 'B', timestamp: 1001, node: 'client-2' })).toBe(false);
});

// proves CR-7
test('of one time the greater node wins, and of one stamp the greater canonical JSON', () => {
  const crdt = new LWWRegister<unknown>();
  crdt.apply({ value: 'x', timestamp: 5, node: 'b' });
  expect(crdt.apply({ value: 'y', timestamp: 5, node: 'a' })).toBe(false);
  expect(crdt.apply({ value: { b: 1, a: 2 }, timestamp: 5, node: 'c' })).toBe(true);
  expect(crdt.apply({ value: { a: 2, b: 1 }, timestamp: 5, node: 'c' })).toBe(false);
  expect(crdt.apply({ value: { a: 3, b: 0 }, timestamp: 5, node: 'c' })).toBe(true);
});

test('a write whose time is no timestamp is refused', () => {
  const crdt = new LWWRegister<string>();
  for (const timestamp of [Number.NaN, -1, 1.5, 1e300]) {
    expect(() => crdt.apply({ value: 'x', timestamp, node: 'a' })).toThrow('timestamp');
  }
  expect(crdt.value()).toBeUndefined();
});

// proves CR-2
test('a hostile clock a year ahead changes neither the clock nor the register of who asks the clock first', () => {
  const now = Date.UTC(2026, 10, 21);
  const clock = new HybridLogicalClock({ node: 'mine', now: () => now });
  const crdt = new LWWRegister<string>();
  const receive = (write: Stamped<string>) =>
    clock.receive(write.timestamp) === 'ok' ? crdt.apply(write) : ('refused' as const);
  crdt.apply({ value: 'mine', timestamp: clock.tick(), node: 'mine' });
  const hostile = { value: 'theirs', timestamp: timestampOf(now + 365 * 86_400_000), node: 'z' };
  expect(receive(hostile)).toBe('refused');
  expect(crdt.value()).toBe('mine');
  expect(receive({ value: 'later', timestamp: clock.tick(), node: 'mine' })).toBe(true);
  expect(crdt.value()).toBe('later');
  expect(clock.ahead_ms).toBe(0);
});

// proves CR-5, CR-6
test('registers, maps and element sets converge in any order and by any merge', () => {
  const writes: fc.Arbitrary<Stamped<unknown>> = fc
    .tuple(stamps, values)
    .map(([stamp, value]) => ({ ...stamp, value }));
  checkLaws(register, fc.array(writes, { maxLength: 8 }));
  const fields: fc.Arbitrary<LWWMapOperation<unknown>> = fc
    .tuple(writes, fc.constantFrom('name', 'about', '__proto__', ''))
    .map(([write, field]) => ({ ...write, field }));
  checkLaws(map, fc.array(fields, { maxLength: 12 }));
  const marks: fc.Arbitrary<LWWElementSetOperation> = fc.record({
    op: fc.constantFrom('add' as const, 'remove' as const),
    element: fc.constantFrom('x', 'y', '__proto__'),
    timestamp: fc.integer({ min: 0, max: 5 }),
  });
  checkLaws(elementSet, fc.array(marks, { maxLength: 12 }));
});

// proves CR-7
test('a field of a map is deleted by null and can be written again', () => {
  const crdt = new LWWMap<string>();
  crdt.apply({ field: 'name', value: 'Aroha', timestamp: 1, node: 'a' });
  crdt.apply({ field: 'name', value: null, timestamp: 2, node: 'a' });
  expect(crdt.get('name')).toBeUndefined();
  expect(crdt.entries()).toEqual([]);
  expect(crdt.apply({ field: 'name', value: 'Early', timestamp: 1, node: 'b' })).toBe(false);
  crdt.apply({ field: 'name', value: 'Mere', timestamp: 3, node: 'a' });
  expect(crdt.entries()).toEqual([['name', 'Mere']]);
});

// proves CR-8
test('in an element set the newer of add and remove stands, and of one time the remove', () => {
  const crdt = new LWWElementSet();
  crdt.apply({ op: 'add', element: 'x', timestamp: 5 });
  crdt.apply({ op: 'remove', element: 'x', timestamp: 4 });
  expect(crdt.contains('x')).toBe(true);
  crdt.apply({ op: 'remove', element: 'x', timestamp: 5 });
  expect(crdt.contains('x')).toBe(false);
  crdt.apply({ op: 'add', element: 'x', timestamp: 6 });
  expect(crdt.elements()).toEqual(['x']);
});

// proves CR-4
test('a malformed state, or one of another version, is refused and changes nothing', () => {
  checkFormat(register, LWWRegister.from<unknown>({ v: 1, r: ['x', 5, 'a'] }).state());
  const fields = new LWWMap<unknown>();
  fields.apply({ field: 'f', value: 1, timestamp: 5, node: 'a' });
  checkFormat(map, fields.state());
  const set = new LWWElementSet();
  set.apply({ op: 'add', element: 'x', timestamp: 5 });
  checkFormat(elementSet, set.state());
});

test('a value nested twenty thousand deep costs no call stack', () => {
  const deep = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`) as unknown;
  const crdt = new LWWRegister<unknown>();
  crdt.apply({ value: 1, timestamp: 1, node: 'a' });
  expect(crdt.apply({ value: deep, timestamp: 1, node: 'a' })).toBe(true);
});
