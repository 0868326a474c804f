import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type ElectionInput, type ElectionState, elect, SILENCES_MAX, THEFTS_MAX } from './election.ts';

/** Takes the inputs in turn; the state and what the last one asked for. */
function after(...inputs: readonly ElectionInput[]) {
  let state: ElectionState = { kind: 'idle' };
  let effects: readonly string[] = [];
  for (const input of inputs) {
    const step = elect(state, input);
    state = step.state;
    effects = step.effects.map(({ kind }) => kind);
  }
  return { state, effects };
}

const want: ElectionInput = { kind: 'want' };
const pulse: ElectionInput = { kind: 'pulse' };
const found: ElectionInput = { kind: 'owner', owner: 'a', toAll: false };
const silence = Array.from({ length: SILENCES_MAX + 1 }, () => pulse);

describe('a silent owner', () => {
  // proves TB-8
  test('is replaced only after a last question that nobody answered', () => {
    const silent = [want, found, ...silence];
    expect(after(...silent).effects).toEqual(['prepare']);
    expect(after(...silent, { kind: 'may_take_over' }).effects).toEqual(['steal']);
    expect(after(...silent, { kind: 'pong', owner: 'a' }, { kind: 'may_take_over' }).effects).toEqual([]);
    expect(after(...silent, { kind: 'pong', owner: 'other' }, { kind: 'may_take_over' }).effects).toEqual(['steal']);
  });

  // proves TB-8
  test('is left alone when another tab has taken office meanwhile', () => {
    const taken: ElectionInput = { kind: 'owner', owner: 'b', toAll: true };
    expect(after(want, found, ...silence, taken, { kind: 'may_take_over' })).toEqual({
      state: { kind: 'following', owner: 'b', silences: 0, thefts: 0 },
      effects: [],
    });
  });

  // proves TB-8
  test('does not win its followers back with an answer to an old question', () => {
    const late: ElectionInput = { kind: 'owner', owner: 'a', toAll: false };
    const { state } = after(want, found, { kind: 'owner', owner: 'b', toAll: true }, late);
    expect(state).toMatchObject({ kind: 'following', owner: 'b' });
  });
});

// proves TB-9
test('a tab robbed again and again while it hears nobody stays by itself; one that slept does not', () => {
  const rob = (deaf: boolean): readonly ElectionInput[] =>
    Array.from({ length: THEFTS_MAX }, () => [{ kind: 'granted' } as const, { kind: 'stolen', deaf } as const]).flat();
  expect(after(want, ...rob(true)).state).toEqual({ kind: 'alone' });
  expect(after(want, ...rob(false)).state).toMatchObject({ kind: 'seeking' });
});

// proves TB-7
test('whatever happens, office is taken and left in turn, and a tab that is asleep or closed holds nothing', () => {
  const inputs = fc.oneof(
    fc.constantFrom<ElectionInput>(
      want,
      pulse,
      { kind: 'granted' },
      { kind: 'stolen', deaf: true },
      { kind: 'stolen', deaf: false },
      { kind: 'unavailable' },
      { kind: 'may_take_over' },
      { kind: 'suspend' },
      { kind: 'resume' },
      { kind: 'close' },
    ),
    fc.record({ kind: fc.constant('owner' as const), owner: fc.constantFrom('a', 'b'), toAll: fc.boolean() }),
    fc.record({ kind: fc.constantFrom('pong' as const, 'retired' as const), owner: fc.constantFrom('a', 'b') }),
  );
  fc.assert(
    fc.property(fc.array(inputs, { maxLength: 60 }), (all) => {
      let state: ElectionState = { kind: 'idle' };
      let isOwner = false;
      let isMember = false;
      let hasAsked = false;
      for (const input of all) {
        const next = elect(state, input);
        state = next.state;
        for (const { kind } of next.effects) {
          if (kind === 'start' || kind === 'stop') {
            expect(isOwner).toBe(kind === 'stop');
            isOwner = kind === 'start';
          }
          if (kind === 'follow' || kind === 'unfollow') {
            expect(isMember).toBe(kind === 'unfollow');
            isMember = kind === 'follow';
          }
          if (kind === 'request') hasAsked = true;
          if (kind === 'release') hasAsked = false;
        }
        expect(isOwner).toBe(state.kind === 'owning');
        expect(isMember).toBe(state.kind === 'following');
        if (state.kind === 'suspended' || state.kind === 'closed') expect(hasAsked).toBe(false);
      }
    }),
    { numRuns: 1_000 },
  );
});
