import { expect, test } from 'bun:test';
import { offsetIn, versionAt } from '@konferenco/core/sync/sync-version';
import type { Envelope } from '@konferenco/protocol';
import fc from 'fast-check';
import {
  connectedTo,
  EMPTY_SCOPE,
  HELD_MAX,
  isBehind,
  positionOf,
  type Reduce,
  type ScopeEntry,
  type ScopeState,
  type ScopeStep,
  takeLive,
  takeOperations,
  takePage,
} from './scope-state.ts';

const EPOCH = 'e1';
const PAGE = 2;

/** A document counts which operations it has; one applied again changes nothing. */
const reduce: Reduce = (documents, envelopes) => {
  const after = new Map(documents);
  for (const { id, subtype: key } of envelopes) {
    const had = (after.get(key)?.['ids'] ?? []) as string[];
    if (!had.includes(id)) after.set(key, { ids: [...had, id].sort() });
  }
  return after;
};

function entry(offset: number): ScopeEntry {
  return { offset, envelope: { id: `op${offset}`, subtype: `doc${offset % 5}` } as Envelope };
}

/** What the log up to here adds up to. */
function folded(head: number) {
  return reduce(
    new Map(),
    Array.from({ length: head }, (_, index) => entry(index + 1).envelope as Envelope),
  );
}

type Snapshot = { readonly version: string; readonly after: string };

/** A server that says what it has when it is asked. */
function aServer() {
  let head = 0;
  return {
    say: () => entry(++head),
    get head() {
      return head;
    },
    operations: (since: number, most: number) => {
      const operations = Array.from({ length: Math.min(most, head - since) }, (_, index) => entry(since + index + 1));
      return { operations, version: versionAt(EPOCH, since + operations.length) };
    },
    page: ({ version, after }: Snapshot) => {
      const rest = [...folded(head)].filter(([key]) => key > after).sort(([a], [b]) => (a < b ? -1 : 1));
      const documents = rest.slice(0, PAGE).map(([key, state]) => ({ key, state }));
      return { documents, version, ...(rest.length > PAGE ? { cursor: documents.at(-1)?.key } : {}) };
    },
  };
}

// proves RP-2, RP-3
test('whatever comes live, by operations or by snapshot, in whatever order, a scope ends as the log says, each entry once', () => {
  const action = fc.constantFrom('say', 'lose', 'deliver', 'twice', 'swap', 'delta', 'page', 'page', 'reconnect');
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const server = aServer();
      const onWay: ScopeEntry[] = [];
      const applied: string[] = [];
      let state: ScopeState = connectedTo(EMPTY_SCOPE, EPOCH);
      let snapshot: Snapshot | null = null;
      const take = (step: ScopeStep) => {
        const changed = [...new Set([...state.documents.keys(), ...step.state.documents.keys()])].filter(
          (key) => state.documents.get(key) !== step.state.documents.get(key),
        );
        expect([...step.changed].sort()).toEqual(changed.sort());
        state = step.state;
        applied.push(...step.applied.map(({ id }) => id));
      };
      const page = () => {
        snapshot ??= { version: versionAt(EPOCH, server.head), after: '' };
        const answer = server.page(snapshot);
        snapshot = answer.cursor === undefined ? null : { ...snapshot, after: answer.cursor };
        take(takePage(state, answer, reduce));
      };
      const delta = () => {
        const since = positionOf(state);
        if (since !== null) take(takeOperations(state, server.operations(since, 3), reduce));
      };
      for (const one of actions) {
        const next = one === 'say' || one === 'lose' ? server.say() : null;
        if (one === 'say' && next) onWay.push(next);
        if (one === 'swap') onWay.reverse();
        if (one === 'delta') delta();
        if (one === 'page') page();
        if (one === 'deliver' || one === 'twice')
          take(takeLive(state, onWay.splice(0, one === 'deliver' ? 1 : 0).concat(onWay.slice(0, 1)), reduce));
        if (one === 'reconnect') {
          onWay.length = 0;
          state = connectedTo(state, EPOCH);
        }
        const position = positionOf(state);
        if (position !== null)
          for (const [key, document] of folded(position))
            expect(state.documents.get(key)?.['ids']).toEqual(expect.arrayContaining(document['ids'] as string[]));
      }
      while (snapshot) page();
      if (positionOf(state) === null) page();
      while (snapshot) page();
      while ((positionOf(state) ?? 0) < server.head) delta();
      expect(positionOf(state)).toBe(server.head);
      expect(isBehind(state)).toBe(false);
      const bytes = (documents: ScopeState['documents']) =>
        JSON.stringify([...documents].sort(([a], [b]) => (a < b ? -1 : 1)));
      expect(bytes(state.documents)).toBe(bytes(folded(server.head)));
      if (!actions.includes('page')) expect(new Set(applied).size).toBe(applied.length);
    }),
    { numRuns: 300 },
  );
});

// proves RP-2
test('a document that a snapshot does not have any more is gone', () => {
  const old = { ...connectedTo(EMPTY_SCOPE, EPOCH), version: versionAt(EPOCH, 4), documents: folded(4) };
  const first = { documents: [{ key: 'doc1', state: {} }], version: versionAt(EPOCH, 9), cursor: 'doc1' };
  const begun = takePage(old, first, reduce);
  expect(begun.state.documents).toBe(old.documents);
  const { state, changed } = takePage(
    begun.state,
    { documents: [{ key: 'doc9', state: {} }], version: versionAt(EPOCH, 12) },
    reduce,
  );
  expect([...state.documents.keys()]).toEqual(['doc1', 'doc9']);
  expect([...changed].sort()).toEqual(['doc1', 'doc2', 'doc3', 'doc4', 'doc9']);
  expect(state.version).toBe(versionAt(EPOCH, 9));
});

// proves RP-3
test('another store’s epoch makes positions of the old one mean nothing, and keeps what is shown', () => {
  const old = { ...connectedTo(EMPTY_SCOPE, EPOCH), version: versionAt(EPOCH, 4), documents: folded(4) };
  const moved = connectedTo(old, 'e2');
  expect(positionOf(moved)).toBeNull();
  const { state, applied } = takeLive(moved, [entry(5)], reduce);
  expect(applied).toEqual([]);
  expect(isBehind(state)).toBe(true);
  expect(state.documents).toEqual(folded(4));
});

test('entries held for a missing stretch are bounded', () => {
  const far = Array.from({ length: HELD_MAX + 50 }, (_, index) => entry(index + 10));
  const { state } = takeLive({ ...connectedTo(EMPTY_SCOPE, EPOCH), version: versionAt(EPOCH, 1) }, far, reduce);
  expect(state.held.size).toBe(HELD_MAX);
  expect(offsetIn(state.version, EPOCH)).toBe(1);
});
