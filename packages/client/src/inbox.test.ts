import { describe, expect, test } from 'bun:test';
import type { InboxItem } from '@konferenco/protocol';
import { fixture, type Fixture, texts } from './testing/fixture.ts';

/** A direct message from `ana`, stored with its pointer; returns the pointer unsent. */
function direct({ server, from }: Fixture, text: string): InboxItem {
  return server.notify('dm:ana:mere', server.store('dm:ana:mere', from('ana', text, 'dm:ana:mere')));
}

function told(all: Fixture): { messages: string[]; syncs: (readonly string[])[] } {
  const text = (item: { envelope?: { payload: Record<string, unknown> } | undefined }) =>
    String(item.envelope?.payload.text);
  const messages: string[] = [];
  const syncs: string[][] = [];
  all.client.on('message', ({ item }) => messages.push(text(item)));
  all.client.on('sync', ({ items }) => syncs.push(items.map(text)));
  return { messages, syncs };
}

describe('catching up', () => {
  test('a device resumes from the position the server kept, page by page, and says what it had missed', async () => {
    const all = fixture();
    const { messages, syncs } = told(all);
    for (let i = 1; i <= 250; i++) direct(all, `m${i}`);
    all.server.inboxCursor = 20;
    await all.connect();
    const missed = Array.from({ length: 230 }, (_, i) => `m${21 + i}`);
    expect(messages).toEqual(missed);
    expect(syncs).toEqual([missed]);
  });

  test('a new device is told of the last hundred at the most', async () => {
    const all = fixture();
    const { syncs } = told(all);
    for (let i = 1; i <= 250; i++) direct(all, `m${i}`);
    await all.connect();
    expect(syncs[0]).toHaveLength(100);
    expect(syncs[0]?.at(-1)).toBe('m250');
  });

  test('after a break only what was missed comes, also when the server forgot the acknowledgement', async () => {
    const all = fixture();
    const { messages, syncs } = told(all);
    await all.connect();
    all.server.send({ type: 'inbox', items: [direct(all, 'before')] });
    await all.server.flush();
    await all.server.cut();
    all.server.inboxCursor = 0;
    direct(all, 'while away');
    await all.reconnect();
    expect(messages).toEqual(['before', 'while away']);
    expect(syncs).toEqual([[], ['while away']]);
  });

  test('what arrives live during the catch-up comes after it, once', async () => {
    const all = fixture();
    const { messages } = told(all);
    for (let i = 1; i <= 3; i++) direct(all, `m${i}`);
    all.server.inboxCursor = 0;
    const connected = all.client.connect();
    await all.clock.pass(0);
    await all.server.accept();
    await all.server.serveOne();
    await all.server.deliverOne();
    await connected;
    const live = direct(all, 'm4');
    all.server.send({ type: 'inbox', items: [live] }, { type: 'inbox', items: [live] });
    await all.server.deliverOne();
    expect(messages).toEqual([]);
    await all.server.flush();
    expect(messages).toEqual(['m1', 'm2', 'm3', 'm4']);
  });
});

describe('acknowledging', () => {
  const acks = ({ server }: Fixture) => server.framesOf('ack').map(({ inbox }) => inbox);

  // proves CL-11
  test('every 32 entries at once, the rest after a second', async () => {
    const all = fixture();
    await all.connect();
    for (let i = 1; i <= 40; i++) all.server.send({ type: 'inbox', items: [direct(all, `m${i}`)] });
    await all.server.flush();
    expect(acks(all)).toEqual([32]);
    await all.clock.pass(999);
    await all.server.flush();
    expect(acks(all)).toEqual([32]);
    await all.clock.pass(1);
    await all.server.flush();
    expect(acks(all)).toEqual([32, 40]);
  });

  test('on a clean close', async () => {
    const all = fixture();
    await all.connect();
    all.server.send({ type: 'inbox', items: [direct(all, 'm1')] });
    await all.server.flush();
    await all.client.close();
    expect(all.server.wires.toServer).toEqual([{ type: 'ack', inbox: 1 }]);
  });
});

describe('an entry that comes by two ways', () => {
  test('a mention in a followed channel is told once, whichever copy is first', async () => {
    for (const first of ['inbox', 'channel']) {
      const all = fixture();
      await all.connect();
      const opening = all.client.channel('hall').open();
      await all.server.flush();
      await opening;
      const { messages } = told(all);
      const item = all.server.store('ch:hall', all.from('ana', 'kia ora @mere'));
      const pointer = all.server.notify('ch:hall', item, 'mention');
      const frames = [
        { type: 'inbox' as const, items: [pointer] },
        { type: 'message' as const, log: 'ch:hall', items: [item] },
      ];
      all.server.send(...(first === 'inbox' ? frames : frames.toReversed()));
      await all.server.flush();
      expect(messages).toEqual(['kia ora @mere']);
    }
  });

  test('a mention that is ahead of its channel waits for the entries before it, without fetching them', async () => {
    const all = fixture();
    await all.connect();
    const hall = all.client.channel('hall');
    const opening = hall.open();
    await all.server.flush();
    await opening;
    const { messages } = told(all);
    const items = ['m1', 'm2', 'kia ora @mere'].map((text) => all.server.store('ch:hall', all.from('ana', text)));
    const mention = items.at(-1);
    if (!mention) throw new Error('no entry');
    all.server.send({ type: 'inbox', items: [all.server.notify('ch:hall', mention, 'mention')] });
    await all.server.flush();
    expect(messages).toEqual([]);
    const before = all.server.framesOf('history').length;
    all.server.send({ type: 'message', log: 'ch:hall', items });
    await all.server.flush();
    expect(messages).toEqual(['m1', 'm2', 'kia ora @mere']);
    expect(all.server.framesOf('history')).toHaveLength(before);
  });

  test.each([['before'], ['after']])('a mention that the channel skips is told by the inbox, %s it', async (order) => {
    const all = fixture();
    await all.connect();
    const { messages } = told(all);
    const hall = all.client.channel('hall');
    const opening = hall.open();
    await all.server.flush();
    await opening;
    const [first, mention, last] = ['one', 'kia ora @mere', 'three'].map((text) =>
      all.server.store('ch:hall', all.from('ana', text)),
    );
    if (!first || !mention || !last) throw new Error('three entries');
    const skipped = { type: 'skipped', log: 'ch:hall', from: first.offset, to: last.offset } as const;
    const inbox = { type: 'inbox', items: [all.server.notify('ch:hall', mention, 'mention')] } as const;
    for (const frame of order === 'before' ? [inbox, skipped] : [skipped, inbox])
      all.server.send({ ...frame } as never);
    await all.server.flush();
    expect(messages).toEqual(['kia ora @mere']);
    expect(hall.state().timeline.map((entry) => (entry.kind === 'gap' ? [entry.from, entry.to] : entry.text))).toEqual([
      [1, 1],
      'kia ora @mere',
      [3, 3],
    ]);
  });

  test('a mention in a channel that is not followed is told from the inbox', async () => {
    const all = fixture();
    await all.connect();
    const { messages } = told(all);
    all.client.channel('elsewhere');
    const item = all.server.store('ch:elsewhere', all.from('ana', 'look @mere', 'ch:elsewhere'));
    all.server.send({ type: 'inbox', items: [all.server.notify('ch:elsewhere', item, 'mention')] });
    await all.server.flush();
    expect(messages).toEqual(['look @mere']);
  });
});

test('a direct conversation lives from the inbox and is never subscribed to', async () => {
  const all = fixture();
  direct(all, 'old');
  await all.connect();
  const ana = all.client.direct('ana');
  const opening = ana.open();
  await all.server.flush();
  await opening;
  expect(texts(ana.state())).toEqual(['old']);
  all.server.send({ type: 'inbox', items: [direct(all, 'new')] });
  await all.server.flush();
  expect(texts(ana.state())).toEqual(['old', 'new']);
  await all.server.cut();
  direct(all, 'while away');
  await all.reconnect();
  expect(texts(ana.state())).toEqual(['old', 'new', 'while away']);
  expect(all.server.framesOf('subscribe')).toEqual([]);
});

test('a dropped inbox frame is fetched after a resync', async () => {
  const all = fixture();
  await all.connect();
  const { messages } = told(all);
  direct(all, 'dropped');
  all.server.send({ type: 'resync', log: 'in:mere' });
  await all.server.flush();
  expect(messages).toEqual(['dropped']);
});
