import { describe, expect, test } from 'bun:test';
import { createIdGenerator, type Envelope } from '@konferenco/protocol';
import { accept } from './accept.ts';
import { isLargerThan } from './json-size.ts';

const NOW = 1_800_000_000_000;
const newId = createIdGenerator({ now: () => NOW, random16: () => new Uint8Array(16) });
const sender = { user: 'mere', now: NOW };

function envelope(changes: Partial<Envelope> = {}): Envelope {
  return {
    id: newId(),
    type: 'chat',
    subtype: 'channel_message',
    from: { user_id: 'mere' },
    to: { type: 'channel', id: 'general' },
    payload: { text: 'Kia ora' },
    timestamp: NOW,
    ...changes,
  };
}

function idAt(ms: number): string {
  return createIdGenerator({ now: () => ms, random16: () => new Uint8Array(16) })();
}

const refusal = (changes: Partial<Envelope>) => {
  const acceptance = accept(envelope(changes), sender);
  return acceptance.kind === 'refused' ? acceptance.error : acceptance.kind;
};

describe('accept', () => {
  test('a channel message goes to the channel log and notifies only whom it mentions, once each', () => {
    const acceptance = accept(envelope({ payload: { text: 'hi', mentions: ['rangi', 'rangi', 'mere'] } }), sender);
    expect(acceptance).toMatchObject({
      kind: 'store',
      log: 'ch:general',
      entry: { notify: [{ user: 'rangi', reason: 'mention' }], text: 'hi' },
    });
  });

  // proves AT-1
  test('a message of files alone is accepted, and found by their names', () => {
    const file = { id: newId(), name: 'map of the hall.pdf', type: 'application/pdf', size: 9 };
    const entryOf = (payload: Envelope['payload']) => {
      const acceptance = accept(envelope({ payload }), sender);
      return acceptance.kind === 'store' ? acceptance.entry.text : acceptance;
    };
    expect(entryOf({ text: '', attachments: [file] })).toBe('map of the hall.pdf');
    expect(entryOf({ text: 'here', attachments: [file] })).toBe('here\nmap of the hall.pdf');
    const sealed = { sealed: [{ device: 'phone', bytes: 'b' }], attachments: [file.id] };
    expect(accept(envelope({ encrypted: true, payload: sealed }), sender).kind).toBe('store');
  });

  // proves DL-15
  test('a direct message goes to the log of the pair and both inboxes', () => {
    const acceptance = accept(envelope({ subtype: 'direct_message', to: { type: 'user', id: 'aroha' } }), sender);
    expect(acceptance).toMatchObject({
      kind: 'store',
      log: 'dm:aroha:mere',
      entry: {
        notify: [
          { user: 'mere', reason: 'direct' },
          { user: 'aroha', reason: 'direct' },
        ],
      },
    });
  });

  test("a note to oneself reaches one's inbox once", () => {
    const acceptance = accept(envelope({ subtype: 'direct_message', to: { type: 'user', id: 'mere' } }), sender);
    expect(acceptance).toMatchObject({ log: 'dm:mere:mere', entry: { notify: [{ user: 'mere', reason: 'direct' }] } });
  });

  test('what is wrong with an envelope is named', () => {
    expect(refusal({ subtype: 'nonsense' })).toBe('unknown_type');
    expect(refusal({ from: { user_id: 'someone-else' } })).toBe('sender_mismatch');
    expect(refusal({ payload: { text: '' } })).toBe('invalid');
    expect(refusal({ payload: { text: 'x'.repeat(4090) } })).toBe('too_large');
    expect(refusal({ payload: { text: 'x', extra: Number.POSITIVE_INFINITY } })).toBe('invalid');
  });

  // proves DL-3
  test('ids older than 8 days or more than 60 s ahead are refused', () => {
    const day = 86_400_000;
    expect(refusal({ id: idAt(NOW - 8 * day - 1) })).toBe('id_out_of_range');
    expect(refusal({ id: idAt(NOW - 8 * day) })).toBe('store');
    expect(refusal({ id: idAt(NOW + 60_000) })).toBe('store');
    expect(refusal({ id: idAt(NOW + 60_001) })).toBe('id_out_of_range');
  });

  // proves DL-9
  test('a sender may shorten retention and lower priority, not the reverse', () => {
    const day = 86_400_000;
    expect(accept(envelope({ ttl: 60, priority: 'low' }), sender)).toMatchObject({
      rank: 3,
      entry: { expires_at: NOW + 60_000 },
    });
    expect(accept(envelope({ ttl: 31_536_000, priority: 'critical' }), sender)).toMatchObject({
      rank: 2,
      entry: { expires_at: NOW + 90 * day },
    });
  });

  test('best effort is not stored', () => {
    expect(accept(envelope({ subtype: 'typing', payload: { active: true } }), sender)).toMatchObject({
      kind: 'transient',
      key: 'mere/chat/typing',
    });
  });

  test('nothing of a sealed payload is kept for search or threads', () => {
    const sealed = { sealed: [{ device: 'd1', bytes: 'AAAA' }], text: 'leak', thread: 'x', mentions: ['rangi'] };
    const acceptance = accept(envelope({ encrypted: true, payload: sealed }), sender);
    expect(acceptance).toMatchObject({ kind: 'store', entry: { notify: [] } });
    expect(acceptance).not.toHaveProperty('entry.text');
    expect(acceptance).not.toHaveProperty('entry.thread');
  });

  const operation: Partial<Envelope> = {
    type: 'state',
    subtype: 'operation',
    to: { type: 'user', id: 'mere' },
    payload: { on: 'favourites', op: 'add', element: 'repo', dot: 'a:1', at: NOW * 256 },
  };

  // proves SY-32
  test('an operation is kept as long as any other, whatever ttl it asks for, and has to be readable', () => {
    const acceptance = accept(envelope({ ...operation, ttl: 1 }), sender);
    expect(acceptance).toMatchObject({
      kind: 'store',
      log: 'me:mere',
      entry: { expires_at: NOW + 30 * 86_400_000, notify: [{ user: 'mere', reason: 'state' }] },
    });
    const sealed = { sealed: [{ device: 'd', bytes: 'AA' }] };
    expect(refusal({ ...operation, encrypted: true, payload: sealed })).toBe('invalid');
  });
});

// proves DL-6
test('payload size counts UTF-8 bytes', () => {
  const size = (text: string) => new TextEncoder().encode(JSON.stringify(text)).length;
  for (const text of ['plain', 'Tāwhai', '漢字', '👋🏽', 'a\ud800b']) {
    expect(isLargerThan(text, size(text))).toBe(false);
    expect(isLargerThan(text, size(text) - 1)).toBe(true);
  }
});
