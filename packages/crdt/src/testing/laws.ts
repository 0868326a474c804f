import { expect } from 'bun:test';
import fc from 'fast-check';
import { CrdtFormatError } from '../errors.ts';

interface Replica<O, S> {
  apply(operation: O): unknown;
  merge(state: S): boolean;
  state(): S;
}

export interface Replicated<O, S> {
  create(): Replica<O, S>;
  from(state: unknown): Replica<O, S>;
  /** What a user sees. */
  read(replica: never): unknown;
}

interface Scenario<O> {
  readonly operations: readonly O[];
  /** The operations in another order, some of them twice. */
  readonly delivery: readonly O[];
  /** Three replicas' shares; together they have everything. */
  readonly shares: readonly (readonly O[])[];
}

/** The operations of one history, delivered in other orders and to several replicas. */
function scenarios<O>(histories: fc.Arbitrary<readonly O[]>): fc.Arbitrary<Scenario<O>> {
  return histories.chain((operations) => {
    const mixed = fc.shuffledSubarray([...operations, ...operations], { minLength: operations.length });
    const order = mixed.map((some) => [...some, ...operations.filter((operation) => !some.includes(operation))]);
    const share = fc.shuffledSubarray([...operations]);
    return fc.record({ delivery: order, shares: fc.tuple(share, share, fc.constant(operations)) }).map((found) => ({
      operations,
      delivery: found.delivery,
      shares: found.shares,
    }));
  });
}

/** Checks that every order of delivery, and every way of merging, leads to the same value and the same state. */
export function checkLaws<O, S>(type: Replicated<O, S>, histories: fc.Arbitrary<readonly O[]>): void {
  const replicaOf = (operations: readonly O[]) => {
    const replica = type.create();
    for (const operation of operations) replica.apply(operation);
    return replica;
  };
  const merged = (a: S, b: S) => {
    const replica = type.from(JSON.parse(JSON.stringify(a)));
    replica.merge(b);
    return replica.state();
  };
  const read = (replica: Replica<O, S>) => type.read(replica as never);
  fc.assert(
    fc.property(scenarios(histories), ({ operations, delivery, shares }) => {
      const whole = replicaOf(operations);
      const other = replicaOf(delivery);
      expect(read(other)).toEqual(read(whole));
      expect(other.state()).toEqual(whole.state());
      const [a, b, c] = shares.map((share) => replicaOf(share).state()) as [S, S, S];
      expect(merged(a, b)).toEqual(merged(b, a));
      expect(merged(merged(a, b), c)).toEqual(merged(a, merged(b, c)));
      expect(merged(a, a)).toEqual(a);
      expect(type.from(a).merge(a)).toBe(false);
      const united = type.from(merged(merged(a, b), c));
      expect(read(united)).toEqual(read(whole));
      expect(united.state()).toEqual(whole.state());
    }),
  );
}

/** Checks that what is no state of this type is refused and changes nothing, and that unknown fields do no harm. */
export function checkFormat<O, S extends object>(type: Replicated<O, S>, state: S): void {
  const same = type.from({ ...state, later: { anything: 1 } });
  expect(same.state()).toEqual(state);
  const refuse = (malformed: unknown) => {
    expect(() => type.from(malformed)).toThrow(CrdtFormatError);
    const replica = type.from(state);
    expect(() => replica.merge(malformed as S)).toThrow(CrdtFormatError);
    expect(replica.state()).toEqual(state);
  };
  for (const malformed of [null, 1, 'x', [], {}, { ...state, v: 2 }, { ...state, v: undefined }]) refuse(malformed);
  for (const field of Object.keys(state)) {
    for (const value of [undefined, 7.5, 'x', {}, [[null]], [{}], [['a', -1]]]) refuse({ ...state, [field]: value });
  }
}

/** A few stamps, so that equal ones occur. */
export const stamps = fc.record({
  timestamp: fc.integer({ min: 0, max: 6 }),
  node: fc.constantFrom('a', 'b', 'c'),
});
