import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { CrdtFormatError, CrdtLimitError } from './errors.ts';
import type { RGAOperation, RGAPosition } from './rga-operation.ts';
import { RGASequence } from './rga-sequence.ts';
import type { RGAState } from './rga-state.ts';
import { checkFormat, checkLaws, stamps } from './testing/laws.ts';
import { naiveSequence } from './testing/naive-sequence.ts';

type Content = string | number | null;

const type = {
  create: () => new RGASequence<Content>(),
  from: (state: unknown) => RGASequence.from<Content>(state),
  read: (replica: RGASequence<Content>) => [replica.ids(), replica.toArray(), replica.length, replica.held],
};

const IDS = 7;
const ids = fc.nat(IDS - 1).map((index) => (index % 2 === 0 ? `n:${index + 1}` : `item-${index}`));
const moves = fc.tuple(ids, stamps).map(([id, { timestamp, node }]) => ({ id, timestamp, node }));
const refs = fc.oneof(
  { weight: 5, arbitrary: ids },
  { weight: 1, arbitrary: moves.map(({ id, timestamp, node }) => `${id},${timestamp},${node}`) },
);
const positions: fc.Arbitrary<RGAPosition> = fc.oneof(
  fc.record({ after: fc.option(refs) }),
  refs.map((before) => ({ before })),
);
const contents: fc.Arbitrary<Content> = fc.constantFrom('a', 'é', '😀', 'long', '', '\ud83d', '\ude00', 7, null);

/** Anything nodes may send, in no order: cycles, missing neighbours, several moves and writes of one stamp. */
const operations: fc.Arbitrary<readonly RGAOperation<Content>[]> = fc
  .tuple(
    fc
      .uniqueArray(ids, { maxLength: IDS })
      .chain((chosen) =>
        fc.tuple(
          ...chosen.map((id) =>
            fc
              .tuple(stamps, positions, contents)
              .map(([stamp, position, content]) => ({ op: 'insert' as const, id, content, position, ...stamp })),
          ),
        ),
      ),
    fc.uniqueArray(
      fc.tuple(moves, positions).map(([move, position]) => ({ op: 'move' as const, ...move, position })),
      { maxLength: 4, selector: ({ id, timestamp, node }) => `${id} ${timestamp} ${node}` },
    ),
    fc.array(fc.tuple(ids, stamps, contents), { maxLength: 3 }),
    fc.array(ids, { maxLength: 2 }),
  )
  .map(([insertions, moved, writes, removals]) => [
    ...insertions,
    ...moved,
    ...writes.map(([id, stamp, content]) => ({ op: 'set' as const, id, content, ...stamp })),
    ...removals.map((id) => ({ op: 'remove' as const, id })),
  ]);

function sequenceOf<T>(list: readonly RGAOperation<T>[]): RGASequence<T> {
  const sequence = new RGASequence<T>();
  for (const operation of list) sequence.apply(operation);
  return sequence;
}

// proves CR-15
test('C after A, then B after A: A, B, C', () => {
  const rga = new RGASequence<string>();
  rga.insert({ id: '1', content: 'A', position: { after: null } });
  rga.insert({ id: '2', content: 'C', position: { after: '1' } });
  rga.insert({ id: '3', content: 'B', position: { after: '1' } });
  expect(rga.toArray()).toEqual(['A', 'B', 'C']);
});

// proves CR-15
test('with timestamps of their own, C after A, then B after A arrive in any order and make A, B, C', () => {
  const made = [
    { id: '1', content: 'A', position: { after: null }, timestamp: 10, node: 'a' },
    { id: '2', content: 'C', position: { after: '1' }, timestamp: 20, node: 'a' },
    { id: '3', content: 'B', position: { after: '1' }, timestamp: 30, node: 'b' },
  ];
  for (const order of [
    [0, 1, 2],
    [0, 2, 1],
    [2, 1, 0],
    [1, 0, 2],
  ]) {
    const rga = new RGASequence<string>();
    for (const index of order) rga.insert(made[index]!);
    expect(rga.toArray()).toEqual(['A', 'B', 'C']);
  }
});

// proves CR-5, CR-6
test('sequences converge in any order and by any merge', () =>
  checkLaws<RGAOperation<Content>, RGAState<Content>>(type, operations));

// proves CR-5, CR-15, CR-18
test('a sequence is what the definition says of its operations', () => {
  fc.assert(
    fc.property(operations, (list) => {
      const sequence = sequenceOf(list);
      const expected = naiveSequence(list);
      expect(sequence.ids()).toEqual(expected.map(([id]) => id));
      expect(sequence.toArray()).toEqual(expected.map(([, content]) => content));
      expect(sequence.length).toBe(expected.length);
      expect(sequence.lastId()).toBe(expected.at(-1)?.[0] ?? null);
    }),
    { numRuns: 500 },
  );
});

// proves CR-5
test('deep trees in which every place is contested are traversed as the definition says', () => {
  const place = fc.record({ parent: fc.nat(999), before: fc.integer({ min: 0, max: 3 }), timestamp: fc.nat(5) });
  fc.assert(
    fc.property(fc.array(place, { minLength: 20, maxLength: 60, size: 'max' }), fc.boolean(), (places, backwards) => {
      const list = places.map(({ parent, before, timestamp }, index): RGAOperation<number> => {
        // Mostly a near ancestor, so that chains grow long.
        const back = 1 + (parent % 4 === 0 ? parent % Math.max(1, index) : parent % 3);
        const ref = back > index ? null : `n:${index - back + 1}`;
        const position = ref !== null && before === 0 ? { before: ref } : { after: ref };
        return { op: 'insert', id: `n:${index + 1}`, content: index, position, timestamp, node: 'n' };
      });
      const expected = naiveSequence(list).map(([id]) => id);
      expect(sequenceOf(backwards ? list.reverse() : list).ids()).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

const edits = fc.array(fc.record({ who: fc.nat(2), kind: fc.nat(9), at: fc.nat(99), sync: fc.nat(9) }), {
  maxLength: 60,
});

/** People who edit at once and exchange operations from time to time; each edit's effect is checked where it is made. */
function edit(history: readonly { who: number; kind: number; at: number; sync: number }[]): RGASequence<string>[] {
  const people = [0, 1, 2].map(() => ({ sequence: new RGASequence<string>(), seen: 0 }));
  const log: RGAOperation<string>[] = [];
  let count = 0;
  for (const { who, kind, at, sync } of history) {
    const { sequence } = people[who]!;
    const here = sequence.ids();
    const after = at % (here.length + 1) === 0 ? null : here[(at % (here.length + 1)) - 1]!;
    const target = here[at % here.length];
    count += 1;
    if (kind < 6 || target === undefined) {
      const id = `p${who}:${count}`;
      log.push(sequence.insert({ id, content: id, position: { after }, node: `p${who}` }));
      const index = after === null ? 0 : here.indexOf(after) + 1;
      expect(sequence.ids()).toEqual(here.toSpliced(index, 0, id));
    } else if (kind < 8) {
      log.push(sequence.remove(target));
      expect(sequence.ids()).toEqual(here.filter((id) => id !== target));
    } else if (after !== target) {
      log.push(sequence.move(target, after, 1_000 + count, `p${who}`));
      const rest = here.filter((id) => id !== target);
      expect(sequence.ids()).toEqual(rest.toSpliced(after === null ? 0 : rest.indexOf(after) + 1, 0, target));
    }
    if (sync < 2)
      for (const person of people)
        for (; person.seen < log.length; person.seen += 1) person.sequence.apply(log[person.seen]!);
  }
  for (const { sequence } of people) for (const operation of log) sequence.apply(operation);
  return people.map(({ sequence }) => sequence);
}

// proves CR-15, CR-18
test('an insertion or a move puts the element where its author wanted it, and everybody ends up with the same', () => {
  fc.assert(
    fc.property(edits, (history) => {
      const [first, ...others] = edit(history);
      for (const other of others) {
        expect(other.ids()).toEqual(first!.ids());
        expect(other.state()).toEqual(first!.state());
      }
    }),
    { numRuns: 200 },
  );
});

// proves CR-16
test('runs typed by two people at one place never interleave, in whichever direction each of them types', () => {
  const run = fc.array(fc.nat(99), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.nat(4), run, run, fc.boolean(), (gap, mine, theirs, deleted) => {
      const base = new RGASequence<string>();
      for (let index = 1; index <= 4; index += 1)
        base.insert({
          id: `base:${index}`,
          content: '',
          position: { after: index === 1 ? null : `base:${index - 1}` },
        });
      if (deleted && gap < 4) base.remove(`base:${gap + 1}`);
      const type = (node: string, places: readonly number[]) => {
        const sequence = RGASequence.from<string>(base.state());
        const own: string[] = [];
        for (const [index, place] of places.entries()) {
          const at = place % (own.length + 1);
          const after = at > 0 ? own[at - 1]! : gap > 0 ? `base:${gap}` : null;
          const id = `${node}:${index + 1}`;
          sequence.insert({ id, content: '', position: { after }, node });
          own.splice(at, 0, id);
        }
        return { sequence, own };
      };
      const a = type('a', mine);
      const b = type('b', theirs);
      a.sequence.merge(b.sequence.state());
      const result = a.sequence.ids().filter((id) => !id.startsWith('base'));
      expect([
        [...a.own, ...b.own],
        [...b.own, ...a.own],
      ]).toContainEqual(result);
    }),
    { numRuns: 400 },
  );
});

// proves CR-16
test('runs that others wrote, each element after the one before it, do not interleave either', () => {
  const times = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(times, times, fc.boolean(), (mine, theirs, late) => {
      const run = (node: string, steps: readonly number[]) => {
        let timestamp = 100;
        return steps.map((step, index): RGAOperation<string> => {
          timestamp += step;
          const position = { after: index === 0 ? 'base' : `${node}:${index}` };
          return { op: 'insert', id: `${node}:${index + 1}`, content: node, position, timestamp, node };
        });
      };
      const base = {
        op: 'insert' as const,
        id: 'base',
        content: '',
        position: { after: null },
        timestamp: 1,
        node: 'z',
      };
      const all = [base, ...run('a', mine), ...run('b', theirs)];
      const text = sequenceOf(late ? all.reverse() : all)
        .toArray()
        .join('');
      expect(text).toMatch(/^(a+b+|b+a+)$/);
    }),
  );
});

// proves CR-17
test('what arrives before its neighbour waits for it, and no more waits than may', () => {
  const insert = (id: string, after: string | null) => ({
    op: 'insert' as const,
    id,
    content: id,
    position: { after },
    timestamp: 1,
    node: 'a',
  });
  const sequence = new RGASequence<string>({ max_held: 2 });
  expect(sequence.apply(insert('c', 'b'))).toBe('held');
  expect(sequence.apply(insert('d', 'c'))).toBe('held');
  expect(() => sequence.apply(insert('e', 'd'))).toThrow(CrdtLimitError);
  expect([sequence.held, sequence.ids()]).toEqual([2, []]);
  expect(sequence.apply(insert('a', null))).toBe('applied');
  expect(sequence.apply(insert('b', 'a'))).toBe('applied');
  expect(sequence.apply(insert('e', 'd'))).toBe('applied');
  expect([sequence.held, sequence.ids()]).toEqual([0, ['a', 'b', 'c', 'd', 'e']]);
});

// proves CR-17
test('elements that are named but never inserted are of bounded number, and inserting stays possible', () => {
  const sequence = new RGASequence<string>({ max_held: 2 });
  sequence.remove('x');
  sequence.set('y', 'early', 5, 'a');
  expect(() => sequence.remove('z')).toThrow(CrdtLimitError);
  sequence.insert({ id: 'new', content: 'new', position: { after: null }, timestamp: 1, node: 'a' });
  sequence.insert({ id: 'y', content: 'first', position: { after: null }, timestamp: 4, node: 'a' });
  expect(sequence.get('y')).toBe('early');
  sequence.insert({ id: 'x', content: 'gone', position: { after: null }, timestamp: 4, node: 'a' });
  expect(sequence.ids()).toEqual(['y', 'new']);
});

// proves CR-18
test('moved by two people at once, an element is at one place: where the later move put it', () => {
  const base = new RGASequence<string>();
  for (const [index, id] of ['a', 'b', 'c'].entries())
    base.insert({ id, content: id, position: { after: index === 0 ? null : ['a', 'b'][index - 1]! } });
  const mine = RGASequence.from<string>(base.state());
  const theirs = RGASequence.from<string>(base.state());
  const up = mine.move('c', null, 100, 'mine');
  const down = theirs.move('c', 'a', 101, 'theirs');
  mine.apply(down);
  theirs.apply(up);
  for (const sequence of [mine, theirs]) expect(sequence.toArray()).toEqual(['a', 'c', 'b']);
  mine.set('c', 'C', 102, 'mine');
  expect(mine.toArray()).toEqual(['a', 'C', 'b']);
});

// proves CR-4
test('a malformed state is refused and changes nothing', () => {
  const sequence = new RGASequence<Content>();
  const insert = (id: string, after: string | null, content: Content) =>
    sequence.insert({ id, content, position: { after } });
  insert('n:1', null, 'a');
  insert('n:2', 'n:1', 'long');
  insert('n:3', 'n:2', 4);
  insert('x', 'n:2', 'gone');
  sequence.remove('x');
  sequence.set('n:1', 'b', 50, 'z');
  sequence.move('n:2', null, 60, 'z');
  sequence.apply({ op: 'insert', id: 'later', content: 1, position: { after: 'missing' }, timestamp: 3, node: 'z' });
  checkFormat(type, sequence.state());
});

test('ids and timestamps that would be ambiguous are refused', () => {
  const sequence = new RGASequence<string>();
  expect(() => sequence.insert({ id: 'a,1', content: '', position: { after: null } })).toThrow(CrdtFormatError);
  expect(() => sequence.set('a', '', Number.NaN, 'n')).toThrow(CrdtFormatError);
  expect(sequence.state().w).toEqual([]);
});

test('says when and by whom what stands in an element was written, and of what is not there nothing', () => {
  const sequence = new RGASequence<string>();
  sequence.insert({ id: 'a', content: 'first', position: { after: null }, timestamp: 1, node: 'n' });
  expect(sequence.written('a')).toMatchObject({ timestamp: 1, node: 'n' });
  sequence.set('a', 'later', 3, 'm');
  sequence.set('a', 'late', 2, 'o');
  expect(sequence.written('a')).toMatchObject({ timestamp: 3, node: 'm' });
  expect(RGASequence.from<string>(JSON.parse(JSON.stringify(sequence.state()))).written('a')).toMatchObject({
    timestamp: 3,
    node: 'm',
  });
  sequence.remove('a');
  expect([sequence.written('a'), sequence.written('b')]).toEqual([null, null]);
});
