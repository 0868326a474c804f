import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { CrdtFormatError, CrdtLimitError } from './errors.ts';
import { MAX_NODE_COUNT, PNCounter, type PNCounterOperation } from './pn-counter.ts';
import { checkFormat, checkLaws } from './testing/laws.ts';

const type = {
  create: () => new PNCounter(),
  from: (state: unknown) => PNCounter.from(state),
  read: (replica: PNCounter) => replica.value(),
};

/** What nodes really issue: totals that only grow. */
const histories = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean(), fc.integer({ min: 0, max: 5 })), { maxLength: 12 })
  .map((counts) => {
    const counter = new PNCounter();
    return counts.map(([node, up, by]) => (up ? counter.increment(node, by) : counter.decrement(node, by)));
  });

// proves CR-9
test('what two nodes count at the same time adds up', () => {
  const phone = new PNCounter();
  const tablet = new PNCounter();
  const up = phone.increment('phone', 3);
  const down = tablet.decrement('tablet');
  for (const counter of [phone, tablet]) {
    for (const operation of [down, up, up]) counter.apply(operation);
    expect(counter.value()).toBe(2);
  }
});

// proves CR-9
test('an older total after a newer one changes nothing', () => {
  const counter = new PNCounter();
  const early = counter.increment('a');
  const late = counter.increment('a', 4);
  const other = new PNCounter();
  expect(other.apply(late)).toBe(true);
  expect(other.apply(early)).toBe(false);
  expect(other.value()).toBe(5);
});

// proves CR-5, CR-6
test('counters converge in any order and by any merge', () =>
  checkLaws<PNCounterOperation, ReturnType<PNCounter['state']>>(type, histories));

// proves CR-9
test('the value is the sum of what was counted', () => {
  fc.assert(
    fc.property(histories, (operations) => {
      const newest = new Map(operations.map((operation) => [operation.node, operation]));
      const sum = [...newest.values()].reduce((total, { positive, negative }) => total + positive - negative, 0);
      const counter = new PNCounter();
      for (const operation of operations) counter.apply(operation);
      expect(counter.value()).toBe(sum);
    }),
  );
});

// proves CR-4
test('a malformed state is refused and changes nothing', () => {
  const counter = new PNCounter();
  counter.increment('a', 2);
  checkFormat(type, counter.state());
});

test('what is no count is refused, and no node counts past its bound', () => {
  const counter = new PNCounter();
  for (const by of [-1, 1.5, Number.NaN, MAX_NODE_COUNT + 1]) {
    expect(() => counter.increment('a', by)).toThrow(CrdtFormatError);
  }
  expect(() => counter.apply({ node: 'a', positive: 2 ** 40, negative: 0 })).toThrow(CrdtFormatError);
  expect(() => counter.apply({ node: 'a:b', positive: 1, negative: 0 })).toThrow(CrdtFormatError);
  counter.increment('a', MAX_NODE_COUNT);
  expect(() => counter.increment('a')).toThrow(CrdtLimitError);
  expect(counter.value()).toBe(MAX_NODE_COUNT);
});
