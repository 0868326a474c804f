import { describe, expect, test } from 'bun:test';
import { ERROR_CODES, type LogName, PRIORITY_RANK } from '@konferenco/protocol';
import fc from 'fast-check';
import { KonferencoError } from './errors.ts';
import {
  byUrgency,
  changed,
  enqueued,
  judge,
  narrowed,
  OUTBOX_WINDOW,
  type OutboxState,
  reworded,
  saved,
  sendable,
  widened,
  without,
} from './outbox-state.ts';
import { RECONNECT } from './reconnect.ts';
import type { OutboxEntry } from './types.ts';

const NOW = 1_900_000_000_000;

function entry(id: number, log: LogName, priority?: number): OutboxEntry {
  return { id: String(id), log, envelope: '{}', created_at: NOW, ...(priority === undefined ? {} : { priority }) };
}

function stateOf(entries: readonly OutboxEntry[]): OutboxState {
  return entries.reduce<OutboxState>((state, one) => enqueued(state, one, true), []);
}

const ids = (state: OutboxState) => state.map((waiting) => waiting.entry.id).join(' ');
const anEntry = fc.record({
  log: fc.constantFrom<LogName[]>('ch:a', 'ch:b', 'ch:c', 'dm:ann:bob'),
  priority: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
});
const aState = fc
  .array(anEntry, { maxLength: 60 })
  .map((entries) => stateOf(entries.map(({ log, priority }, n) => entry(n, log, priority))));

describe('the order of leaving', () => {
  // proves CL-15
  test('an urgent entry leaves before what was written earlier elsewhere', () => {
    const state = stateOf([
      entry(1, 'ch:a'),
      entry(2, 'ch:b', PRIORITY_RANK.low),
      entry(3, 'ch:c', PRIORITY_RANK.high),
    ]);
    expect(ids(sendable(state, NOW))).toBe('3 1 2');
  });

  // proves CL-3, CL-15
  test('what stands before an urgent entry of its conversation leaves with it, not after it', () => {
    const state = stateOf([entry(1, 'ch:a'), entry(2, 'ch:b'), entry(3, 'ch:b', PRIORITY_RANK.critical)]);
    expect(ids(sendable(state, NOW))).toBe('2 3 1');
  });

  // proves CL-3, CL-15
  test('whatever waits: each entry once, in order within its conversation, and nothing urgent behind what could wait', () => {
    fc.assert(
      fc.property(aState, (state) => {
        const order = byUrgency(state);
        expect(order.toSorted((a, b) => Number(a.entry.id) - Number(b.entry.id))).toEqual([...state]);
        for (const log of new Set(state.map((waiting) => waiting.entry.log))) {
          const of = (all: OutboxState) => ids(all.filter((waiting) => waiting.entry.log === log));
          expect(of(order)).toBe(of(state));
        }
        const rank = (at: number) => order[at]?.entry.priority ?? PRIORITY_RANK.normal;
        for (const [at, { entry: before }] of order.entries()) {
          // Less urgent entries stand before more urgent ones only on the way to one just as urgent of their own conversation.
          for (let later = at + 1; later < order.length; later++) {
            if (rank(later) >= rank(at)) continue;
            const pulled = order
              .slice(at)
              .some((other, n) => other.entry.log === before.log && rank(at + n) <= rank(later));
            expect(pulled).toBe(true);
          }
        }
      }),
    );
  });

  test('entries of equal urgency leave in the order they were written', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<LogName[]>('ch:a', 'ch:b'), { maxLength: 40 }), (logs) => {
        const state = stateOf(logs.map((log, n) => entry(n, log)));
        expect(ids(byUrgency(state))).toBe(ids(state));
      }),
    );
  });
});

describe('what may leave', () => {
  test('an entry being saved holds back its conversation, and no other, until the store answered either way', () => {
    for (const kept of [true, false]) {
      const first = entry(1, 'ch:a');
      let state = enqueued(stateOf([]), first, false);
      state = enqueued(state, entry(2, 'ch:a'), true);
      state = enqueued(state, entry(3, 'ch:b'), true);
      expect(ids(sendable(state, NOW))).toBe('3');
      state = saved(state, first, kept);
      expect(ids(sendable(state, NOW))).toBe('1 2 3');
      expect(state[0]?.kept).toBe(kept);
    }
  });

  test('an entry whose wording changed while it was being saved waits for the answer to the new one', () => {
    const first = entry(1, 'ch:a');
    const second = { ...first, envelope: '{"again":1}' };
    let state = reworded(enqueued(stateOf([]), first, false), second);
    state = saved(state, first, true);
    expect(sendable(state, NOW)).toEqual([]);
    state = saved(state, second, true);
    expect(sendable(state, NOW).map((waiting) => waiting.entry)).toEqual([second]);
  });

  test('an entry held back by its retry holds back its conversation', () => {
    const error = { code: 3100, error: 'rate_limited', message: '', retry_at: NOW + 1 };
    const state = changed(stateOf([entry(1, 'ch:a'), entry(2, 'ch:a', 0), entry(3, 'ch:b')]), '1', (one) => ({
      ...one,
      error,
    }));
    expect(ids(sendable(state, NOW))).toBe('3');
    expect(ids(sendable(state, NOW + 1))).toBe('1 2 3');
  });

  // proves CL-3, CL-5
  test('a conversation of which one was refused for now goes on with one on its way, and twice as many after each answer', () => {
    let state = stateOf([...Array.from({ length: 9 }, (_, n) => entry(n, 'ch:a')), entry(9, 'ch:b')]);
    let windows = narrowed(new Map(), 'ch:a');
    const send = () => {
      const due = ids(sendable(state, NOW, windows));
      state = state.map((waiting) => (due.includes(waiting.entry.id) ? { ...waiting, state: 'sent' } : waiting));
      return due;
    };
    const answered = (...answers: number[]) => {
      for (const id of answers) {
        state = without(state, String(id));
        windows = widened(windows, 'ch:a');
      }
    };
    expect(send()).toBe('0 9');
    expect(send()).toBe('');
    answered(0);
    expect(send()).toBe('1 2');
    answered(1);
    expect(send()).toBe('3 4 5');
    windows = narrowed(windows, 'ch:a');
    answered(2);
    expect(send()).toBe('');
    answered(3, 4, 5);
    expect(send()).toBe('6 7 8');
    expect(windows.has('ch:a')).toBe(true);
    answered(6);
    expect(windows.has('ch:a')).toBe(false);
  });

  test('no more than the window is on its way', () => {
    const all = stateOf(Array.from({ length: OUTBOX_WINDOW + 5 }, (_, n) => entry(n, 'ch:a')));
    expect(sendable(all, NOW)).toHaveLength(OUTBOX_WINDOW);
    const one = changed(all, '0', (waiting) => ({ ...waiting, state: 'sent' }));
    expect(sendable(one, NOW)).toHaveLength(OUTBOX_WINDOW - 1);
  });
});

test('what was refused because of the one before it does not wait longer each time', () => {
  const [waiting] = changed(stateOf([entry(1, 'ch:a')]), '1', (one) => ({ ...one, sleep_ms: 10_000 }));
  const again = (error: 'out_of_turn' | 'store_unavailable') =>
    waiting && judge(waiting, new KonferencoError({ code: ERROR_CODES[error].code, error, message: '' }), NOW, 1);
  expect(again('out_of_turn')).toEqual({ kind: 'again', retry_at: NOW + 3 * RECONNECT.base_ms });
  expect(again('store_unavailable')).toEqual({ kind: 'again', retry_at: NOW + RECONNECT.cap_ms });
});
