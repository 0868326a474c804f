import { describe, expect, test } from 'bun:test';
import { ERROR_CODES } from '@konferenco/protocol';
import { memoryOutbox } from './storage/memory.ts';
import { memoryStore } from './storage/memory-store.ts';
import { type Fixture, fixture, texts } from './testing/fixture.ts';
import { settle } from './testing/virtual-clock.ts';
import type { Conversation, Message } from './types.ts';

const HALL = 'ch:hall';

function only(conversation: Conversation): Message {
  const [entry, ...others] = conversation.state().timeline;
  if (entry?.kind !== 'message' || others.length > 0) throw new Error('not one message');
  return entry;
}

/** What the server has of the hall: `subtype text`. */
const stored = ({ server }: Fixture) =>
  server.log(HALL).items.map(({ envelope }) => `${envelope?.subtype} ${envelope?.payload['text']}`);

/** Somebody who wrote one message without a network. */
async function writtenOffline(options: Parameters<typeof fixture>[0] = {}) {
  const all = fixture(options);
  const hall = all.client.channel('hall');
  const sending = hall.send('helo', { mentions: ['ana'] });
  sending.catch(() => {});
  await settle();
  return { ...all, hall, sending };
}

describe('the words of a message that waits', () => {
  // proves CL-30
  test('are changed before it is sent, under its id, and nobody hears of the earlier ones', async () => {
    const outbox = memoryOutbox();
    const all = await writtenOffline({ outbox });
    const { id } = only(all.hall);
    const editing = all.hall.edit(id, 'hello', { mentions: ['tom'] });
    expect(only(all.hall)).toMatchObject({ id, text: 'hello', mentions: ['tom'], edited: false, state: 'saving' });
    await settle();
    expect(only(all.hall).state).toBe('queued');
    const [kept, ...others] = await outbox.load();
    expect([kept?.id, others.length]).toEqual([id, 0]);
    expect(JSON.parse(kept?.envelope ?? '').payload).toEqual({ text: 'hello', mentions: ['tom'] });
    await all.connect();
    expect(stored(all)).toEqual(['channel_message hello']);
    expect([await editing, await all.sending]).toMatchObject([
      { id, offset: 1 },
      { id, offset: 1 },
    ]);
    expect(await outbox.load()).toEqual([]);
  });

  // proves CL-30
  test('are sent only once the device has the new ones', async () => {
    const puts: PromiseWithResolvers<void>[] = [];
    const outbox = memoryOutbox();
    const slow = {
      ...outbox,
      put: () => {
        const done = Promise.withResolvers<void>();
        puts.push(done);
        return done.promise;
      },
    };
    const all = await writtenOffline({ outbox: slow });
    const { id } = only(all.hall);
    void all.hall.edit(id, 'hello');
    puts[0]?.resolve();
    await all.connect();
    expect(only(all.hall).state).toBe('saving');
    expect(stored(all)).toEqual([]);
    puts[1]?.resolve();
    await all.server.flush();
    expect(stored(all)).toEqual(['channel_message hello']);
  });

  // proves CL-30
  test('follow as an edit when a connection was given the message, whether or not it arrived', async () => {
    for (const arrives of [true, false]) {
      const all = fixture();
      await all.connect();
      const hall = all.client.channel('hall');
      void hall.send('helo');
      await settle();
      if (arrives) await all.server.serveOne();
      await all.server.cut();
      const { id } = only(hall);
      const editing = hall.edit(id, 'hello');
      expect(only(hall)).toMatchObject({ id, text: 'hello', edited: true, state: 'queued' });
      await all.reconnect();
      await editing;
      expect(stored(all)).toEqual(['channel_message helo', 'edit hello']);
      expect(only(hall)).toMatchObject({ id, text: 'hello', edited: true, state: 'stored' });
    }
  });

  // proves CL-30
  test('follow as an edit when an earlier program turns out to have sent the message', async () => {
    const store = memoryStore();
    const before = fixture({ store });
    await before.connect();
    void before.client.channel('hall').send('helo');
    await settle();
    // It arrives; the answer does not, and the program ends.
    await before.server.serveOne();
    await before.server.cut();
    const all = fixture({ store }, {}, { clock: before.clock, server: before.server });
    await all.client.restore();
    const hall = all.client.channel('hall');
    await all.client.ready;
    const { id } = only(hall);
    const editing = hall.edit(id, 'hello');
    await all.connect();
    expect(await editing).toMatchObject({ offset: 2 });
    expect(stored(all)).toEqual(['channel_message helo', 'edit hello']);
    void hall.open();
    await all.server.flush();
    expect(only(hall)).toMatchObject({ id, text: 'hello', state: 'stored' });
    expect(all.client.waiting).toBe(0);
  });

  // proves CL-30
  test('stay with a message that is refused, and go when it is discarded', async () => {
    const all = fixture();
    await all.connect();
    const hall = all.client.channel('hall');
    void hall.send('helo').catch(() => {});
    await settle();
    await all.server.cut();
    const { id } = only(hall);
    hall.edit(id, 'hello').catch(() => {});
    let isOpen = false;
    all.server.intercept = (frame) => {
      if (frame.type !== 'publish' || frame.ref === undefined || isOpen) return undefined;
      const error = frame.envelope.subtype === 'edit' ? 'not_found' : 'forbidden';
      const { code, text: message } = ERROR_CODES[error];
      return [{ type: 'error', ref: frame.ref, code, error, message }];
    };
    await all.reconnect();
    expect(only(hall)).toMatchObject({ text: 'hello', state: 'failed', error: { error: 'forbidden' } });
    isOpen = true;
    hall.retry(id);
    await all.server.flush();
    expect(stored(all)).toEqual(['channel_message hello']);

    void hall.send('never mind').catch(() => {});
    await settle();
    await all.server.cut();
    const second = hall.state().timeline.at(-1) as Message;
    const discarded = hall.edit(second.id, 'never').catch(({ error }) => error);
    hall.discard(second.id);
    expect([await discarded, all.client.waiting]).toEqual(['discarded', 0]);
    expect(texts(hall.state())).toEqual(['hello']);
  });
});
