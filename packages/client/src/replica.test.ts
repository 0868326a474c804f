import { describe, expect, test } from 'bun:test';
import type { Envelope, Item } from '@konferenco/protocol';
import fc from 'fast-check';
import { Replica } from './replica.ts';
import { texts } from './testing/fixture.ts';

let lastId = 0;
const envelope = (subtype: string, payload: Record<string, unknown>, user = 'ana'): Envelope => ({
  id: `id-${++lastId}`,
  type: 'chat',
  subtype,
  from: { user_id: user },
  to: { type: 'channel', id: 'hall' },
  payload,
  timestamp: 1,
});
const at = (offset: number, said: Envelope): Item => ({ offset, at: offset, envelope: said });
const replicaOf = (...items: Item[]) => {
  const replica = new Replica('ch:hall', () => 'mere');
  replica.insert(items);
  return replica;
};

describe('corrections', () => {
  test('the last edit of the author counts; nobody else may edit', () => {
    const root = envelope('channel_message', { text: 'frist' });
    const replica = replicaOf(
      at(1, root),
      at(2, envelope('edit', { target: root.id, text: 'first', mentions: ['mere'] })),
      at(3, envelope('edit', { target: root.id, text: 'forged' }, 'ben')),
    );
    expect(replica.message(root.id)).toMatchObject({ text: 'first', edited: true, mentions: ['mere'] });
  });

  test('a deletion leaves the place and takes text, mentions and reactions', () => {
    const root = envelope('channel_message', { text: 'oops', mentions: ['mere'] });
    const replica = replicaOf(
      at(1, root),
      at(2, envelope('reaction', { target: root.id, emoji: '👍', op: 'add' })),
      at(3, envelope('delete', { target: root.id }, 'moderator')),
    );
    expect(replica.message(root.id)).toMatchObject({ text: '', gone: 'erased', mentions: [], reactions: [] });
    expect(replica.timeline()).toHaveLength(1);
  });

  test('reactions count once for each person, and can be taken back', () => {
    const root = envelope('channel_message', { text: 'hi' });
    const react = (user: string, op: 'add' | 'remove', emoji = '👍') =>
      envelope('reaction', { target: root.id, emoji, op }, user);
    const replica = replicaOf(
      at(1, root),
      at(2, react('ben', 'add')),
      at(3, react('ben', 'add')),
      at(4, react('mere', 'add')),
      at(5, react('ben', 'remove')),
      at(6, react('ben', 'add', '🌿')),
    );
    expect(replica.message(root.id)?.reactions).toEqual([
      { emoji: '👍', users: ['mere'] },
      { emoji: '🌿', users: ['ben'] },
    ]);
  });

  test('of what a deletion erased, the message keeps its place and its edits leave none, whoever saw them before', () => {
    const root = envelope('channel_message', { text: 'hi' });
    const edit = envelope('edit', { target: root.id, text: 'hello' });
    const deletion = at(3, envelope('delete', { target: root.id }));
    const erased = [root, edit].map(({ id }, index) => ({
      offset: index + 1,
      at: index + 1,
      gone: 'erased' as const,
      id,
    }));
    const shown = (replica: Replica) =>
      replica.timeline().map((entry) => entry.kind === 'message' && [entry.id, entry.gone]);
    expect(shown(replicaOf(...erased, deletion))).toEqual([[root.id, 'erased']]);
    expect(shown(replicaOf(deletion, ...erased))).toEqual([[root.id, 'erased']]);
    expect(shown(replicaOf(at(1, root), at(2, edit), deletion, ...erased))).toEqual([[root.id, 'erased']]);
  });

  test('a deleted reply keeps its place in its thread, not in the conversation, for those who come later', () => {
    const root = envelope('channel_message', { text: 'who has the key?' });
    const deletion = envelope('delete', { target: 'id-of-reply' });
    const replica = replicaOf(
      at(1, root),
      { offset: 2, at: 2, gone: 'erased', id: 'id-of-reply', thread: root.id },
      at(3, deletion),
    );
    const ids = (entries: readonly { readonly kind: string; readonly id?: string }[]) =>
      entries.map((entry) => entry.id);
    expect(ids(replica.timeline())).toEqual([root.id]);
    expect(ids(replica.thread(root.id))).toEqual(['id-of-reply']);
  });

  test('an entry whose body is gone keeps its place', () => {
    const root = envelope('channel_message', { text: 'hi' });
    const replica = replicaOf(at(1, root), { offset: 2, at: 2, gone: 'expired' });
    replica.insert([{ offset: 1, at: 1, gone: 'damaged' }]);
    expect(replica.timeline().map((entry) => entry.kind === 'message' && entry.gone)).toEqual(['damaged', 'expired']);
  });
});

// proves CL-12
test('whatever order pages and live entries come in, and however often, the conversation looks the same', () => {
  const root = envelope('channel_message', { text: 'root' });
  const other = envelope('channel_message', { text: 'other' }, 'ben');
  const items = [
    at(1, root),
    at(2, other),
    at(3, envelope('edit', { target: root.id, text: 'one' })),
    at(4, envelope('edit', { target: root.id, text: 'two' })),
    at(5, envelope('thread_reply', { text: 'reply', thread: root.id }, 'ben')),
    at(6, envelope('reaction', { target: other.id, emoji: '👍', op: 'add' })),
    at(7, envelope('reaction', { target: other.id, emoji: '👍', op: 'remove' })),
    at(8, envelope('delete', { target: other.id }, 'ben')),
    at(9, envelope('channel_message', { text: 'last' })),
  ];
  const inOrder = replicaOf(...items);
  const expected = { timeline: inOrder.timeline(), thread: inOrder.thread(root.id), unread: inOrder.unreadAfter(1) };
  fc.assert(
    fc.property(
      fc.shuffledSubarray(items, { minLength: items.length }),
      fc.array(fc.constantFrom(...items)),
      (shuffled, repeated) => {
        const replica = replicaOf(...repeated, ...shuffled, ...repeated);
        expect({
          timeline: replica.timeline(),
          thread: replica.thread(root.id),
          unread: replica.unreadAfter(1),
        }).toEqual(expected);
      },
    ),
  );
});

describe('own messages', () => {
  test('stand at the end until they are stored, and then in their place, once', () => {
    const replica = replicaOf(at(1, envelope('channel_message', { text: 'a' })));
    const mine = envelope('channel_message', { text: 'mine' }, 'mere');
    replica.draft(mine, 'queued');
    replica.insert([at(3, envelope('channel_message', { text: 'c' }))]);
    expect(texts({ timeline: replica.timeline() })).toEqual(['a', 'c', 'mine']);
    replica.insert([at(2, mine)]);
    replica.insert([at(2, mine)]);
    replica.draft(mine, 'sent');
    expect(texts({ timeline: replica.timeline() })).toEqual(['a', 'mine', 'c']);
    expect(replica.message(mine.id)).toMatchObject({ state: 'stored', offset: 2 });
  });

  test('an edit shows at once and is taken back when it is refused', () => {
    const mine = envelope('channel_message', { text: 'before' }, 'mere');
    const replica = replicaOf(at(1, mine));
    const edit = envelope('edit', { target: mine.id, text: 'after' }, 'mere');
    replica.draft(edit, 'queued');
    expect(replica.message(mine.id)?.text).toBe('after');
    replica.draft(edit, 'failed');
    expect(replica.message(mine.id)).toMatchObject({ text: 'before', edited: false });
  });

  // proves CL-13
  test('are read once the other has read up to them', () => {
    const mine = envelope('direct_message', { text: 'hi' }, 'mere');
    const replica = replicaOf(at(4, mine));
    expect(replica.message(mine.id)?.state).toBe('stored');
    replica.readByPeer(3);
    expect(replica.message(mine.id)?.state).toBe('stored');
    replica.readByPeer(4);
    expect(replica.message(mine.id)?.state).toBe('read');
  });
});

describe('what is unread', () => {
  test('counts messages and replies of others, not one’s own, reactions or edits', () => {
    const root = envelope('channel_message', { text: 'a' });
    const replica = replicaOf(
      at(1, root),
      at(2, envelope('channel_message', { text: 'mine' }, 'mere')),
      at(3, envelope('thread_reply', { text: 'b', thread: root.id, mentions: ['mere'] })),
      at(4, envelope('reaction', { target: root.id, emoji: '👍', op: 'add' })),
      at(5, envelope('edit', { target: root.id, text: 'A' })),
      at(6, envelope('channel_message', { text: 'c' })),
    );
    expect(replica.unreadAfter(0)).toEqual({ unread: 3, mentions: 1 });
    expect(replica.unreadAfter(3)).toEqual({ unread: 1, mentions: 0 });
  });
});

test('a gap shrinks as its entries are filled in', () => {
  const replica = replicaOf(
    at(1, envelope('channel_message', { text: 'a' })),
    at(6, envelope('channel_message', { text: 'f' })),
  );
  replica.gaps.add({ kind: 'gap', from: 2, to: 5, reason: 'skipped' });
  replica.insert([at(3, envelope('channel_message', { text: 'c' }))]);
  expect(replica.timeline().map((entry) => (entry.kind === 'gap' ? [entry.from, entry.to] : entry.text))).toEqual([
    'a',
    [2, 2],
    'c',
    [4, 5],
    'f',
  ]);
});

test('a correction that expired leaves no place of its own', () => {
  const root = envelope('channel_message', { text: 'a' });
  const replica = replicaOf(at(1, root), at(2, envelope('edit', { target: root.id, text: 'b' })));
  replica.insert([{ offset: 2, at: 2, gone: 'expired' }]);
  expect(replica.timeline()).toHaveLength(1);
});

test('of what was erased, the deleted message keeps its place and its edits leave none', () => {
  const deletion = envelope('delete', { target: 'id-of-root' }, 'moderator');
  const gone = (offset: number, id: string): Item => ({ offset, at: offset, gone: 'erased', id });
  const items = [gone(1, 'id-of-root'), gone(2, 'id-of-edit'), at(3, deletion)];
  for (const order of [items, items.toReversed()]) {
    expect(replicaOf(...order).timeline()).toMatchObject([{ id: 'id-of-root', offset: 1, gone: 'erased' }]);
  }
});

test('an own edit that is stored keeps its place in the order, whatever the outbox says of it afterwards', () => {
  const mine = envelope('channel_message', { text: 'a' }, 'mere');
  const first = envelope('edit', { target: mine.id, text: 'b' }, 'mere');
  const replica = replicaOf(at(1, mine), at(2, first), at(3, envelope('edit', { target: mine.id, text: 'c' }, 'mere')));
  replica.draft(first, 'queued');
  expect(replica.message(mine.id)?.text).toBe('c');
});
