import { expect, test } from 'bun:test';
import { createIdGenerator, isUuidV7, LIMITS, timeOfUuid } from '@konferenco/protocol';
import { createIds } from './ids.ts';

const START = 1_900_000_000_000;

function sources() {
  const clock = { now: START };
  let drawn = 0;
  const random16 = () => Uint8Array.from({ length: 16 }, (_, index) => (++drawn * 31 + index * 7) & 0xff);
  return { clock, source: { now: () => clock.now, random16 } };
}

test('ids are those of the protocol, within a millisecond and over a small step back', () => {
  const mine = sources();
  const theirs = sources();
  const make = createIds(mine.source);
  const expected = createIdGenerator(theirs.source);
  for (const step of [0, 0, 1, -5, 0, 700, ...Array.from({ length: 300 }, () => 0)]) {
    mine.clock.now += step;
    theirs.clock.now += step;
    const id = make();
    expect(id).toBe(expected());
    expect(isUuidV7(id)).toBe(true);
  }
});

test('ids follow a clock that is put right', () => {
  const { clock, source } = sources();
  const make = createIds(source);
  make();
  clock.now -= LIMITS.id_ahead_ms;
  expect(timeOfUuid(make())).toBe(clock.now);
});
