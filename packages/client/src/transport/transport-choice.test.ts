import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { betterThan, TRANSPORTS } from './fallback.ts';
import {
  type Choice,
  choose,
  type ChoiceInput,
  FIRST_CHOICE,
  PROBE_FIRST_MS,
  PROBE_MOST_MS,
} from './transport-choice.ts';

const failed = (failure: 'blocked' | 'unreachable' | 'refused' | 'unknown'): ChoiceInput => ({
  kind: 'failed',
  failure,
});
const after = (inputs: readonly ChoiceInput[], from = FIRST_CHOICE): Choice => inputs.reduce(choose, from);

// proves TR-2
describe('a step down', () => {
  test('comes after two WebSockets that failed, or one that was swallowed', () => {
    expect(after([failed('unknown')]).kind).toBe('websocket');
    expect(after([failed('unknown'), failed('unknown')]).kind).toBe('sse');
    expect(after([failed('blocked')]).kind).toBe('sse');
  });

  test('does not come where the server itself closed', () => {
    expect(after(Array.from({ length: 9 }, () => failed('refused')))).toEqual(FIRST_CHOICE);
    expect(after([failed('unknown'), failed('refused')]).kind).toBe('websocket');
  });

  test('goes from an event stream to polling only where the stream is held back', () => {
    const sse = after([failed('blocked')]);
    expect(choose(sse, failed('blocked')).kind).toBe('poll');
    for (const failure of ['unreachable', 'refused', 'unknown'] as const) {
      expect(choose(sse, failed(failure)).kind).toBe('websocket');
    }
  });

  test('of polling goes back to the beginning', () => {
    const poll = after([failed('blocked'), failed('blocked')]);
    expect(choose(poll, failed('unreachable')).kind).toBe('websocket');
  });

  test('is not taken while the server is gone', () => {
    const restart = Array.from({ length: 50 }, () => failed('unreachable'));
    let choice = FIRST_CHOICE;
    for (const input of restart) {
      choice = choose(choice, choice.kind === 'websocket' ? failed('unknown') : input);
      expect(choice.kind).not.toBe('poll');
    }
    const back = choice.kind === 'websocket' ? choice : choose(choice, failed('unreachable'));
    expect(choose(back, { kind: 'worked' })).toEqual(FIRST_CHOICE);
  });

  test('comes sooner where WebSockets failed before, until one has worked again', () => {
    const sse = after([failed('blocked'), { kind: 'worked' }, { kind: 'network' }]);
    expect(sse.kind).toBe('websocket');
    expect(choose(sse, failed('unknown')).kind).toBe('sse');
    expect(after([{ kind: 'worked' }, failed('unknown')], sse).kind).toBe('websocket');
  });
});

// proves TR-2
test('looks for a better transport come at growing, bounded pauses, and soon again after a WebSocket worked', () => {
  let choice = after([failed('blocked'), { kind: 'worked' }]);
  const pauses = [];
  for (let i = 0; i < 10; i++) {
    pauses.push(choice.probe_ms);
    choice = choose(choice, { kind: 'probed', better: null });
  }
  expect(pauses.slice(0, 3)).toEqual([PROBE_FIRST_MS, PROBE_FIRST_MS * 2, PROBE_FIRST_MS * 4]);
  expect(pauses.at(-1)).toBe(PROBE_MOST_MS);
  const up = choose(choice, { kind: 'probed', better: 'websocket' });
  expect(up).toMatchObject({ kind: 'websocket', probe_ms: PROBE_MOST_MS });
  expect(choose(up, { kind: 'worked' })).toEqual(FIRST_CHOICE);
});

test('whatever happens, a WebSocket is tried again within three failures', () => {
  const input = fc.oneof(
    fc.constantFrom<ChoiceInput>({ kind: 'worked' }, { kind: 'network' }, { kind: 'probed', better: null }),
    fc.constantFrom('blocked', 'unreachable', 'refused', 'unknown').map((failure) => failed(failure)),
  );
  fc.assert(
    fc.property(
      fc.array(input),
      fc.array(
        input.filter((one) => one.kind === 'failed'),
        { minLength: 3 },
      ),
      (before, fails) => {
        let choice = after(before);
        const tried = [];
        for (const each of fails) {
          tried.push(choice.kind);
          choice = choose(choice, each);
        }
        expect([...tried, choice.kind]).toContain('websocket');
        expect(choice.probe_ms).toBeLessThanOrEqual(PROBE_MOST_MS);
      },
    ),
  );
});

test('better transports are named best first', () => {
  expect(TRANSPORTS.map(betterThan)).toEqual([[], ['websocket'], ['websocket', 'sse']]);
});
