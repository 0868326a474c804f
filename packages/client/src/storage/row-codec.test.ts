import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { checksum, sealed, textChanges, unsealedOf } from './row-codec.ts';

const opened = (row: unknown, key = 'k') => unsealedOf({ table: 'outbox', keys: [key], values: [row] });

describe('a sealed row', () => {
  test('opens to what was sealed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, key) => {
        const text = JSON.stringify(value);
        expect(opened(sealed('outbox', key, text), key)).toEqual({
          values: [{ key, value: JSON.parse(text) }],
          damaged: [],
        });
      }),
    );
  });

  test('is damaged when any of its units is another, missing or added, or when it lies under another key', () => {
    const row = sealed('outbox', 'k', JSON.stringify({ text: 'Tēnā koe 😀' }));
    for (let at = 0; at < row.length; at++) {
      const other = String.fromCharCode(row.charCodeAt(at) ^ 1);
      for (const changed of [
        row.slice(0, at) + other + row.slice(at + 1),
        row.slice(0, at) + row.slice(at + 1),
        row.slice(0, at),
        `${row.slice(0, at)}0${row.slice(at)}`,
      ]) {
        if (changed !== row) expect(opened(changed).damaged).toEqual(['k']);
      }
    }
    expect(opened(row, 'l').damaged).toEqual(['l']);
    for (const nothing of [undefined, null, '', 7, { text: 'x' }]) expect(opened(nothing).damaged).toEqual(['k']);
  });

  test('is summed as CRC-32 is: the published check value, each character as two bytes', () => {
    const bytes = '123456789';
    const units = bytes.length % 2 === 0 ? bytes : `${bytes}\0`;
    const packed = units.replace(/(.)(.)/gs, (_, low: string, high: string) =>
      String.fromCharCode(low.charCodeAt(0) | (high.charCodeAt(0) << 8)),
    );
    expect(checksum(packed)).toBe(Bun.hash.crc32(Buffer.from(units)).toString(16).padStart(8, '0'));
    expect(checksum('')).toBe('00000000');
  });
});

test('a change without JSON is refused before anything is written', () => {
  expect(() => textChanges([{ table: 'meta', key: 'a', value: () => 1 }])).toThrow(TypeError);
  expect(textChanges([{ table: 'meta', key: 'a', value: undefined }])).toEqual([
    { table: 'meta', key: 'a', text: null },
  ]);
});
