import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { ERROR_CODES } from '../error-codes.ts';
import { LIMITS } from '../limits.ts';
import { decodeClientFrame, decodeShortFrame, isBoundedJson, payloadError } from './decode.ts';
import type { Envelope } from './envelope.ts';
import { CLIENT_GOLDEN, ENVELOPE, SHORT_GOLDEN } from './golden.ts';

/** Decodes hostile text: must answer, with a frame or with a known error. */
function decodeSafely(text: string): boolean {
  for (const decode of [decodeClientFrame, decodeShortFrame]) {
    const decoded = decode(text);
    if (decoded.ok) expect(typeof decoded.frame).toBe('object');
    else expect(ERROR_CODES[decoded.error].code).toBeLessThan(2000);
  }
  return true;
}

const deep = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);
const publish = (payload: string) =>
  JSON.stringify(CLIENT_GOLDEN.publish).replace(JSON.stringify(ENVELOPE.payload), payload);

// proves PR-2
describe('decoding never throws', () => {
  test('on arbitrary text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json()), decodeSafely), {
      numRuns: 500,
    });
  });

  test('on valid frames with characters replaced, removed or inserted', () => {
    const frames = [...Object.values(CLIENT_GOLDEN), ...Object.values(SHORT_GOLDEN)].map((frame) =>
      JSON.stringify(frame),
    );
    const edit = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.nat({ max: 5 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...frames), fc.array(edit, { minLength: 1, maxLength: 4 }), (frame, edits) => {
        let text = frame;
        for (const [where, inserted, removed] of edits) {
          const at = Math.floor(where * text.length);
          text = text.slice(0, at) + inserted + text.slice(at + removed);
        }
        return decodeSafely(text);
      }),
      { numRuns: 1000 },
    );
  });

  test('on valid frames with a field replaced by any JSON', () => {
    const frames = [...Object.values(CLIENT_GOLDEN), ...Object.values(SHORT_GOLDEN)];
    fc.assert(
      fc.property(fc.constantFrom(...frames), fc.nat(), fc.jsonValue(), (frame, choice, value) => {
        const names = Object.keys(frame);
        return decodeSafely(JSON.stringify({ ...frame, [names[choice % names.length]!]: value }));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['100,000 open brackets', '['.repeat(100_000)],
    ['100,000 nested arrays', deep(100_000)],
    ['nesting inside a payload', publish(`{"text":"x","a":${deep(30_000)}}`)],
    ['nested objects', publish(deep(10_000, '{"a":', '}').replace(':}', ':1}'))],
    ['a number past every range', '{"type":"ack","inbox":1e999}'],
    ['a number with a million digits', `{"type":"ack","inbox":${'9'.repeat(1_000_000)}}`],
    ['a reference past every range', '{"type":"hello","ref":1e308}'],
    ['lone surrogates', '{"type":"\\ud800","ref":1}'],
    ['a null byte', '\u0000'],
    ['nothing', ''],
    ['null', 'null'],
    ['the name of a built-in property', '{"type":"constructor","ref":1}'],
  ])('on %s', (_, text) => {
    expect(decodeSafely(text)).toBe(true);
  });
});

describe('decoding', () => {
  test('of two members with one name, the last one counts, for the check and for the frame alike', () => {
    const decoded = decodeClientFrame('{"type":"publish","type":"ack","inbox":-1,"inbox":3}');
    expect(decoded).toEqual({ ok: true, frame: { type: 'ack', inbox: 3 } });
  });

  test('a member called __proto__ changes no prototype', () => {
    const decoded = decodeClientFrame('{"type":"ack","inbox":1,"__proto__":{"admin":true}}');
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    if (decoded.ok) expect(Object.getPrototypeOf(decoded.frame)).toBe(Object.prototype);
    const text = publish('{"text":"x","__proto__":{"admin":true}}');
    const published = decodeClientFrame(text);
    if (!published.ok || published.frame.type !== 'publish') throw new Error('expected a publish frame');
    expect(Object.getPrototypeOf(published.frame.envelope.payload)).toBe(Object.prototype);
  });

  // proves PR-3
  test('an error repeats the reference when it was legible', () => {
    expect(decodeClientFrame('{"type":"nope","ref":7}')).toEqual({
      ok: false,
      error: 'malformed',
      detail: 'no such frame type',
      ref: 7,
    });
    expect(decodeClientFrame('{"type":"subscribe","ref":8,"logs":[]}')).toMatchObject({
      ok: false,
      error: 'invalid',
      ref: 8,
    });
    expect(decodeClientFrame('{"type":"nope","ref":"7"}')).not.toHaveProperty('ref');
  });

  // proves PR-4
  test('fields nobody knows are ignored in a frame and refused in an envelope', () => {
    expect(decodeClientFrame(JSON.stringify({ ...CLIENT_GOLDEN.ack, later: true })).ok).toBe(true);
    const frame = { ...CLIENT_GOLDEN.publish, envelope: { ...ENVELOPE, later: true } };
    expect(decodeClientFrame(JSON.stringify(frame))).toMatchObject({ ok: false, error: 'invalid' });
  });
});

// proves PR-5
describe('payloads', () => {
  const envelope = (fields: Partial<Envelope>): Envelope => ({ ...ENVELOPE, ...fields });

  test('have the form of their subtype', () => {
    expect(payloadError(envelope({ payload: { text: 'kia ora' } }))).toBeNull();
    expect(payloadError(envelope({ payload: { text: '' } }))).toContain('/text');
    expect(payloadError(envelope({ payload: {} }))).toContain('text');
    expect(
      payloadError(envelope({ subtype: 'reaction', payload: { target: ENVELOPE.id, emoji: '👍', op: 'toggle' } })),
    ).toContain('/op');
    expect(payloadError(envelope({ type: 'marketplace', subtype: 'inquiry', payload: { anything: [1] } }))).toBeNull();
    expect(payloadError(envelope({ type: 'meeting', subtype: 'request', payload: { title: 'Tea' } }))).toContain(
      'meeting',
    );
  });

  // proves AT-1
  test('carry up to ten files, each once, and then need no text', () => {
    const file = (n: number) => ({
      id: `${ENVELOPE.id.slice(0, -2)}${10 + n}`,
      name: 'a.png',
      type: 'image/png',
      size: n + 1,
    });
    const carrying = (count: number, text = '') =>
      payloadError(envelope({ payload: { text, attachments: Array.from({ length: count }, (_, n) => file(n)) } }));
    expect([1, 10].map((count) => carrying(count))).toEqual([null, null]);
    expect(carrying(0, 'text')).toContain('/attachments');
    expect(carrying(11)).toContain('/attachments');
    expect(payloadError(envelope({ payload: { text: '', attachments: [file(1), file(1)] } }))).toContain('twice');
    const sealed = { sealed: [{ device: 'phone', bytes: 'b' }], attachments: [ENVELOPE.id, ENVELOPE.id] };
    expect(payloadError(envelope({ encrypted: true, payload: sealed }))).toContain('twice');
  });

  test('are sealed, one part a device, when the envelope says encrypted', () => {
    expect(payloadError(envelope({ encrypted: true, payload: { text: 'in the clear' } }))).toContain('sealed');
    expect(
      payloadError(envelope({ encrypted: true, payload: { sealed: [{ device: 'd1', bytes: 'AA' }] } })),
    ).toBeNull();
  });

  test('hold no nesting deeper than the limit and no number or text that JSON cannot keep', () => {
    const nested = (depth: number): Record<string, unknown> => (depth === 1 ? {} : { a: nested(depth - 1) });
    expect(isBoundedJson(nested(LIMITS.json_depth), LIMITS.json_depth)).toBe(true);
    expect(isBoundedJson(nested(LIMITS.json_depth + 1), LIMITS.json_depth)).toBe(false);
    expect(
      payloadError(envelope({ type: 'meeting', subtype: 'request', payload: nested(LIMITS.json_depth + 1) })),
    ).toContain('deeply');
    expect(payloadError(envelope({ payload: JSON.parse('{"text":"x","n":1e999}') }))).toContain('cannot keep');
    expect(payloadError(envelope({ payload: { text: 'half an emoji: \ud83d' } }))).toContain('cannot keep');
    expect(payloadError(envelope({ payload: { text: 'x', '\ud83d': 1 } }))).toContain('cannot keep');
    expect(payloadError(envelope({ payload: { text: 'a whole one: 😀' } }))).toBeNull();
  });
});

// proves CF-1
describe('what a write says it replaces', () => {
  const write = (over: unknown): Envelope => ({
    ...ENVELOPE,
    ...{ type: 'schedule', subtype: 'session_change', to: { type: 'broadcast', id: 'hui' } },
    payload: { session: 'repo', dot: 'mere:1', at: 5, set: { room: 'A' }, over },
  });
  const stamp = { at: 4, replica: 'hemi' };

  test.each([[undefined], [{}], [{ room: stamp }], [{ room: stamp, 'agenda.mere:1': stamp }]])('may be %p', (over) => {
    expect(payloadError(write(over))).toBeNull();
  });

  test.each([
    ['another form', []],
    ['a stamp without a replica', { room: { at: 4 } }],
    ['a time that is none', { room: { at: -1, replica: 'hemi' } }],
    ['a replica that is none', { room: { at: 4, replica: 'a b' } }],
    ['more fields than documents have', Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`f${n}`, stamp]))],
  ])('is refused as %s', (_, over) => {
    expect(payloadError(write(over))).not.toBeNull();
  });
});
