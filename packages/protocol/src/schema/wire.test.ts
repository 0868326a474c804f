import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import Compile from 'typebox/compile';
import { canonicalJson } from '../canonical.ts';
import { LIMITS, SUBPROTOCOL } from '../limits.ts';
import { TAXONOMY } from '../taxonomy.ts';
import { CLIENT_FRAMES, SHORT_FRAMES } from './client-frame.ts';
import { decodeClientFrame, decodeShortFrame } from './decode.ts';
import { CLIENT_GOLDEN, SERVER_GOLDEN, SHORT_GOLDEN } from './golden.ts';
import { PAYLOADS, SealedPayload } from './payload.ts';
import { REPLIES, SERVER_FRAMES, ShortMessage } from './server-frame.ts';

/** The wire as it stands. Change it on purpose only; the failing test below says how. */
const PINNED = {
  subprotocol: 'konferenco-v1',
  hash: '3baca80cfeb2d4a3214559cc093ba140599d44982f7b4f929914110ec7536b61',
};

/** What the schemas say, without the words that explain them. */
function form(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(form);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(
    ([name, member]) => !(name === 'description' && typeof member === 'string'),
  );
  return Object.fromEntries(entries.map(([name, member]) => [name, form(member)]));
}

// proves PR-1
test('the wire has not changed by accident', () => {
  const wire = { CLIENT_FRAMES, SERVER_FRAMES, REPLIES, SHORT_FRAMES, ShortMessage, PAYLOADS, SealedPayload };
  const hash = createHash('sha256')
    .update(canonicalJson(form(JSON.parse(JSON.stringify(wire)))))
    .digest('hex');
  if (hash !== PINNED.hash || SUBPROTOCOL !== PINNED.subprotocol) {
    throw new Error(
      [
        'The schemas of the wire changed, so programs of an earlier version may no longer be understood.',
        'Not on purpose: undo it. On purpose, decide first:',
        ' - old peers still work (a new optional field, a new frame): keep SUBPROTOCOL;',
        ' - old peers break (a field renamed, removed or made required, a bound made tighter): raise SUBPROTOCOL.',
        `Then set PINNED in this file to { subprotocol: '${SUBPROTOCOL}', hash: '${hash}' },`,
        'run `npm run generate`, and say in CHANGELOG.md what changed.',
      ].join('\n'),
    );
  }
});

describe('golden frames', () => {
  test.each(Object.entries(CLIENT_GOLDEN))('client frame %s decodes to itself', (_, frame) => {
    expect(decodeClientFrame(JSON.stringify(frame))).toEqual({ ok: true, frame });
  });

  test.each(Object.entries(SHORT_GOLDEN))('short frame %s decodes to itself', (_, frame) => {
    expect(decodeShortFrame(JSON.stringify(frame))).toEqual({ ok: true, frame });
  });

  test.each(Object.entries(SERVER_GOLDEN))('server frame %s fits its schema', (type, frame) => {
    const validator = Compile(SERVER_FRAMES[type as keyof typeof SERVER_FRAMES]);
    expect([...validator.Errors(JSON.parse(JSON.stringify(frame)))]).toEqual([]);
  });
});

describe('sizes', () => {
  const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length;
  const id = 'x'.repeat(64);

  test('the longest of each small payload fits the size its subtype allows', () => {
    const uuid = CLIENT_GOLDEN.publish.envelope.id;
    expect(bytes({ active: false })).toBeLessThanOrEqual(TAXONOMY.chat.typing.max_bytes);
    expect(bytes({ log: `dm:${id}:${id}`, offset: Number.MAX_SAFE_INTEGER })).toBeLessThanOrEqual(
      TAXONOMY.chat.read.max_bytes,
    );
    expect(bytes({ target: uuid, emoji: '👩🏽‍🤝‍👩🏿', op: 'remove' })).toBeLessThanOrEqual(
      TAXONOMY.chat.reaction.max_bytes,
    );
    expect(bytes({ target: uuid })).toBeLessThanOrEqual(TAXONOMY.chat.delete.max_bytes);
  });

  test('a message with the most mentions still has room for text', () => {
    const empty = bytes({ text: '', mentions: Array(LIMITS.mentions).fill(id) });
    expect(TAXONOMY.chat.channel_message.max_bytes - empty).toBeGreaterThan(2000);
  });

  // proves AT-2
  test('a message with the most files of the longest names still has room for text', () => {
    const file = {
      id: CLIENT_GOLDEN.publish.envelope.id,
      name: 'ā'.repeat(LIMITS.attachment_name_bytes / 2),
      type: `application/${'x'.repeat(68)}`,
      size: 2 ** 40,
      width: 65_535,
      height: 65_535,
    };
    const room = (each: object) =>
      TAXONOMY.chat.channel_message.max_bytes - bytes({ text: '', attachments: Array(LIMITS.attachments).fill(each) });
    expect(room(file)).toBeGreaterThan(800);
    expect(room({ ...file, preview: true, tint: 'ffffff' })).toBeGreaterThan(500);
    expect(room({ ...file, sha256: 'f'.repeat(64) })).toBeGreaterThan(100);
  });

  test('a full envelope of the largest type fits one frame', () => {
    const largest = Math.max(
      ...Object.values(TAXONOMY).flatMap((subtypes) => Object.values(subtypes).map((rule) => rule.max_bytes)),
    );
    expect(
      bytes({ ...CLIENT_GOLDEN.publish, envelope: { ...CLIENT_GOLDEN.publish.envelope, payload: {} } }) + largest,
    ).toBeLessThan(LIMITS.frame_bytes);
  });
});
