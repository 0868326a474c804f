import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { EVENT_MAX, EventParser, type StreamEvent } from './event-parser.ts';

function parse(pieces: readonly string[]): StreamEvent[] {
  const parser = new EventParser();
  return pieces.flatMap((piece) => [...parser.push(piece)]);
}

test('events cut into any pieces come out the same, with any line ends and comments between', () => {
  const data = fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text));
  const event = fc.record({ event: fc.constantFrom('message', 'close'), data });
  const cuts = fc.array(fc.nat(), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(event), fc.constantFrom('\n', '\r\n', '\r'), cuts, (events, end, places) => {
      const text = events
        .map(
          (one) =>
            `:${end}${end}${one.event === 'message' ? '' : `event: ${one.event}${end}`}data: ${one.data}${end}${end}`,
        )
        .join('');
      // What comes after makes a last lone CR a line end of its own.
      const whole = `${text}:`;
      const at = [0, ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
      const pieces = at.slice(1).map((stop, index) => whole.slice(at[index], stop));
      expect(parse(pieces)).toEqual(events);
    }),
  );
});

test('several data lines are one text, and an event without data is none', () => {
  expect(parse(['data: a\ndata:b\n\nevent: x\n\n'])).toEqual([{ event: 'message', data: 'a\nb' }]);
});

test('an event that does not end is given up at a bound', () => {
  const parser = new EventParser();
  parser.push(`data: ${'x'.repeat(EVENT_MAX / 2)}`);
  expect(() => parser.push('x'.repeat(EVENT_MAX / 2 + 10))).toThrow(RangeError);
  const lines = new EventParser();
  expect(() => {
    for (let i = 0; i < 20; i++) lines.push(`data: ${'x'.repeat(EVENT_MAX / 10)}\n`);
  }).toThrow(RangeError);
});
