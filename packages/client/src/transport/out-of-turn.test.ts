import { expect, test } from 'bun:test';
import { ERROR_CODES } from '@konferenco/protocol';
import { outOfTurn } from './out-of-turn.ts';

const publish = (ref: number, after?: number) =>
  JSON.stringify({
    type: 'publish',
    ref,
    envelope: { id: `m${ref}` },
    ...(after === undefined ? {} : { after: `m${after}` }),
  });
const refusal = (ref: number, error: keyof typeof ERROR_CODES) =>
  JSON.stringify({ type: 'error', ref, code: ERROR_CODES[error].code, error, message: '' });

// proves DL-24
test('messages behind one that was refused for now are answered out of turn, and others go up', () => {
  const other = publish(7);
  const ack = JSON.stringify({ type: 'ack', inbox: 3 });
  const { waiting, answers } = outOfTurn(
    [publish(2, 1), other, ack, publish(3, 2)],
    [publish(1)],
    [refusal(1, 'store_unavailable')],
  );
  expect(waiting).toEqual([other, ack]);
  expect(answers.map((text) => JSON.parse(text))).toMatchObject([
    { ref: 2, error: 'out_of_turn', code: 3004 },
    { ref: 3, error: 'out_of_turn' },
  ]);
});

test('behind one that was stored, or refused for good, everything goes up', () => {
  const behind = [publish(2, 1)];
  const stored = JSON.stringify({ type: 'reply', ref: 1, data: {} });
  for (const heard of [[stored], [refusal(1, 'too_large')], []]) {
    expect(outOfTurn(behind, [publish(1)], heard)).toEqual({ waiting: behind, answers: [] });
  }
});
