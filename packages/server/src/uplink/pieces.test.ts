import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { encodePieces, FRAME_BYTES, PIECE_BYTES, PieceReader, UplinkProtocolError } from './pieces.ts';

const readerOf = (limit = FRAME_BYTES) => new PieceReader(() => limit);

test('frames of any size come through their pieces as they were, one after the other', () => {
  const reader = readerOf();
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 400 }), { maxLength: 50 }),
      fc.integer({ min: 1, max: 50 }),
      (texts, times) => {
        const frame = { t: 'x', texts: Array.from({ length: times }, (_, n) => texts.map((text) => `${text}${n}`)) };
        const pieces = encodePieces(frame);
        expect(pieces.every((piece) => piece.length <= PIECE_BYTES + 1)).toBe(true);
        const read = pieces.map((piece) => reader.push(piece));
        expect(read.slice(0, -1).every((part) => part === null)).toBe(true);
        expect(read.at(-1)).toEqual(frame);
      },
    ),
    { numRuns: 50 },
  );
});

test('a frame that does not compress takes several pieces', () => {
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString('base64');
  const pieces = encodePieces({ t: 'x', noise });
  expect(pieces.length).toBeGreaterThan(1);
  const reader = readerOf();
  expect(pieces.map((piece) => reader.push(piece)).at(-1)).toEqual({ t: 'x', noise } as { t: string });
});

// proves UP-8
test('a frame larger than it may be now is refused, also when it is only large unpacked', () => {
  const small = readerOf(4_096);
  const [bomb] = encodePieces({ t: 'x', zeros: '0'.repeat(1_000_000) });
  expect(bomb?.length).toBeLessThan(4_096);
  expect(() => small.push(bomb ?? new Uint8Array())).toThrow(UplinkProtocolError);
  expect(() => readerOf(100).push(new Uint8Array(101))).toThrow(UplinkProtocolError);
});

test('bytes of any kind are a frame or refused, and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        const frame = readerOf().push(bytes);
        if (frame !== null) expect(typeof frame.t).toBe('string');
      } catch (error) {
        expect(error).toBeInstanceOf(UplinkProtocolError);
      }
    }),
  );
});
