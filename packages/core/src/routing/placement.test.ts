import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { hashOf, type PlaceableNode, Placement, PLACEMENT } from './placement.ts';

const users = (count: number) => Array.from({ length: count }, (_, index) => `user-${index}`);
const nodes = (count: number, capacity = 10_000): PlaceableNode[] =>
  Array.from({ length: count }, (_, index) => ({ name: `node-${index}`, capacity, connections: 0 }));

/** Where each of `people` goes, each placed for itself: nobody has come yet. */
function placesOf(table: readonly PlaceableNode[], people: readonly string[], event?: string): Map<string, string> {
  const placement = new Placement(table);
  return new Map(people.map((user) => [user, placement.choose({ user, event }) ?? '']));
}

const counts = (places: Iterable<string>) => {
  const found = new Map<string, number>();
  for (const name of places) found.set(name, (found.get(name) ?? 0) + 1);
  return found;
};

const clusters = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z0-9-]{1,20}$/),
    capacity: fc.integer({ min: 1, max: 20_000 }),
    connections: fc.integer({ min: 0, max: 20_000 }),
  }),
  { minLength: 1, maxLength: 30, selector: ({ name }) => name },
);
const person = fc.string({ minLength: 1, maxLength: 30 });

// proves CN-5
test('everybody who holds the same table chooses alike, in whatever order its nodes stand', () => {
  fc.assert(
    fc.property(clusters, person, fc.option(person, { nil: undefined }), (table, user, event) => {
      const chosen = new Placement(table).choose({ user, event });
      expect(table.map(({ name }) => name)).toContain(chosen ?? '');
      expect(new Placement(table.toReversed()).choose({ user, event })).toBe(chosen);
    }),
  );
});

// proves CN-5, CN-7
test('two nodes whose names have the same hash are told apart alike everywhere, and both get people', () => {
  const table = ['pod-fnzd-54m6s', 'pod-5bkor-7vrzc', 'third'].map((name) => ({
    name,
    capacity: 1_000,
    connections: 0,
  }));
  const fill = (order: readonly PlaceableNode[]) => {
    const placement = new Placement(order);
    return users(1_500).map((user) => {
      const name = placement.choose({ user }) ?? '';
      placement.sent(name);
      return name;
    });
  };
  const found = fill(table);
  expect(hashOf('pod-fnzd-54m6s')).toBe(hashOf('pod-5bkor-7vrzc'));
  expect(fill(table.toReversed())).toEqual(found);
  for (const load of counts(found).values()) expect(load).toBeGreaterThan(100);
  expect(counts(found).size).toBe(3);
});

// proves CN-6
describe('when a node', () => {
  const people = users(200);

  test('comes, only those move whom it wins', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.option(person, { nil: undefined }), (count, event) => {
        const before = placesOf(nodes(count), people, event);
        const after = placesOf([...nodes(count), { name: 'new', capacity: 10_000, connections: 0 }], people, event);
        for (const [user, place] of after) if (place !== 'new') expect(place).toBe(before.get(user) ?? '');
      }),
      { numRuns: 30 },
    );
  });

  test('goes, only its own people move', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 30 }),
        fc.nat(),
        fc.option(person, { nil: undefined }),
        (count, at, event) => {
          const gone = `node-${at % count}`;
          const before = placesOf(nodes(count), people, event);
          const after = placesOf(
            nodes(count).filter(({ name }) => name !== gone),
            people,
            event,
          );
          for (const [user, place] of before) if (place !== gone) expect(after.get(user)).toBe(place);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('is avoided, it is as if it were gone, and if all are, as if none were', () => {
    for (const user of people) {
      const gone = new Placement(nodes(5).slice(1)).choose({ user });
      expect(new Placement(nodes(5)).choose({ user, avoid: ['node-0'] })).toBe(gone);
    }
    const all = nodes(5).map(({ name }) => name);
    expect(new Placement(nodes(5)).choose({ user: 'mere', avoid: all })).toBe(
      new Placement(nodes(5)).choose({ user: 'mere' }),
    );
  });
});

// proves CN-7
describe('the load', () => {
  test('of nodes follows their capacity', () => {
    const table = [
      { name: 'small', capacity: 5_000, connections: 0 },
      { name: 'large', capacity: 15_000, connections: 0 },
    ];
    const found = counts(placesOf(table, users(20_000)).values());
    expect((found.get('large') ?? 0) / 20_000).toBeCloseTo(0.75, 1);
  });

  test('of one node never passes a quarter above its share, whatever one event brings', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), person, (count, event) => {
        const placement = new Placement(nodes(count));
        const found = new Map<string, number>();
        const people = 5_000;
        for (const user of users(people)) {
          const name = placement.choose({ user: `${event}/${user}`, event }) ?? '';
          placement.sent(name);
          found.set(name, (found.get(name) ?? 0) + 1);
        }
        const bound = PLACEMENT.slack * Math.max(PLACEMENT.floor, people / count) + 1;
        for (const load of found.values()) expect(load).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 10 },
    );
  });

  test('of a full node does not grow as long as another has room', () => {
    const table = nodes(3).map((node, index) => ({ ...node, connections: index < 2 ? node.capacity : 9_999 }));
    for (const user of users(100)) expect(new Placement(table).choose({ user, event: 'hui' })).toBe('node-2');
    const full = nodes(3).map((node) => ({ ...node, connections: node.capacity }));
    expect(new Placement(full).choose({ user: 'mere' })).not.toBeNull();
  });
});

// proves CN-8
test("three tenths of an event's people meet at the event's node, the others keep their own", () => {
  const people = users(20_000);
  const alone = placesOf(nodes(25), people);
  const together = placesOf(nodes(25), people, 'hui');
  const [[home = '', most = 0] = []] = [...counts(together.values())].sort(([, a], [, b]) => b - a);
  expect(most / people.length).toBeCloseTo(PLACEMENT.affinity + (1 - PLACEMENT.affinity) / 25, 1);
  for (const [user, place] of together) if (place !== home) expect(place).toBe(alone.get(user) ?? '');
});

// proves CN-8
test('of a large event the same people meet, in whatever order they come', () => {
  const people = users(20_000);
  const fill = (order: readonly string[]) => {
    const placement = new Placement(nodes(10));
    return new Map(
      order.map((user) => {
        const name = placement.choose({ user, event: 'hui' }) ?? '';
        placement.sent(name);
        return [user, name];
      }),
    );
  };
  const [forth, back] = [fill(people), fill(people.toReversed())];
  const [most = 0] = [...counts(forth.values()).values()].sort((a, b) => b - a);
  expect(most).toBeGreaterThan(1.15 * 2_000);
  expect(people.filter((user) => forth.get(user) !== back.get(user)).length).toBeLessThan(0.03 * people.length);
});

test('without nodes there is nothing to choose', () => {
  expect(new Placement([]).choose({ user: 'mere' })).toBeNull();
  expect(new Placement([{ name: 'off', capacity: 0, connections: 0 }]).choose({ user: 'mere' })).toBeNull();
});
