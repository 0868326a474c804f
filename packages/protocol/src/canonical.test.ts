import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { canonicalJson, signedText } from './canonical.ts';

describe('the examples of RFC 8785', () => {
  test('section 3.2.2: numbers, escapes and literals', () => {
    const input = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    const output =
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}';
    expect(canonicalJson(JSON.parse(input))).toBe(output);
  });

  test('section 3.2.3: members in the order of their UTF-16 code units', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect([...canonicalJson(value).matchAll(/:"(\w+)/g)].map((match) => match[1])).toEqual([
      'Carriage',
      'One',
      'Control',
      'Latin',
      'Euro',
      'Emoji',
      'Hebrew',
    ]);
  });

  test.each([
    [0, '0'],
    [-0, '0'],
    [5e-324, '5e-324'],
    [-1.7976931348623157e308, '-1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [295147905179352830000, '295147905179352830000'],
    [1e21, '1e+21'],
    [9.999999999999997e22, '9.999999999999997e+22'],
    [1e23, '1e+23'],
    [333333333.33333325, '333333333.33333325'],
    [-0.0000033333333333333333, '-0.0000033333333333333333'],
  ])('appendix B: %p', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });
});

test('one value has one text, whatever the order of its members', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, member]) => [name, shuffled(member)]),
    );
  };
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(shuffled(value))).toBe(text);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
});

test('what JSON has no form for is refused', () => {
  const lone = '\ud800';
  for (const value of [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    () => 1,
    1n,
    Symbol('s'),
    lone,
    [lone],
    { [lone]: 1 },
    [undefined],
  ]) {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  }
});

test('a signature covers everything but itself', () => {
  const signed = { type: 'chat', signature: 'x', id: '1' };
  expect(signedText(signed)).toBe('{"id":"1","type":"chat"}');
  const altered = { ...signed, type: 'location' };
  expect(signedText(altered)).not.toBe(signedText(signed));
});
