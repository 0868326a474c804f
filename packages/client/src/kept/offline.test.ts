import { describe, expect, test } from 'bun:test';
import { LIMITS, type LogName } from '@konferenco/protocol';
import { type LocalStore, LocalStoreError, sortableNumber } from '../storage/local-store.ts';
import { memoryOutbox } from '../storage/memory.ts';
import { memoryStore } from '../storage/memory-store.ts';
import { type Fixture, fixture, texts } from '../testing/fixture.ts';
import { settle } from '../testing/virtual-clock.ts';
import type { ClientOptions, Conversation } from '../types.ts';

const DAY = 86_400_000;
const HALL = 'ch:hall';
const DIRECT = 'dm:ana:mere';

/** Another program on the same device, started where the clock stands. */
const restarted = ({ clock, server }: Fixture, options: Partial<ClientOptions>) =>
  fixture(options, {}, { clock, server });

async function opened(all: Fixture, conversation: Conversation): Promise<Conversation> {
  const opening = conversation.open();
  await all.server.flush();
  await opening;
  return conversation;
}

/** A device that was online in the hall while `count` messages were said, and then lost its power. */
async function visited(count: number, options: Partial<ClientOptions> = {}) {
  const store = memoryStore();
  const all = fixture({ store, ...options });
  await all.connect();
  const hall = await opened(all, all.client.channel('hall'));
  for (let i = 1; i <= count; i++) all.server.say(HALL, all.from('ana', `m${i}`));
  await all.server.flush();
  await settle();
  await all.server.cut();
  return { ...all, store, hall };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `m${from + i}`);
const histories = (all: Fixture) => all.server.framesOf('history');

describe('opening without a network', () => {
  // proves CL-16
  test('shows what the device kept, its read mark and what is unread, and resolves', async () => {
    const before = await visited(30);
    before.hall.markRead();
    before.server.store(HALL, before.from('ana', 'm31'));
    await settle();
    const all = restarted(before, { store: before.store });
    await all.client.restore();
    await all.client.ready;
    const hall = all.client.channel('hall');
    await hall.open();
    expect(texts(hall.state())).toEqual(numbers(1, 30));
    expect(hall.state()).toMatchObject({ read: 30, unread: 0, loading: false, has_older: false });
  });

  test('of a conversation that was opened before the device’s store was read shows it once it is', async () => {
    const before = await visited(3);
    const all = restarted(before, { store: before.store });
    const hall = all.client.channel('hall');
    const opening = hall.open();
    expect(texts(hall.state())).toEqual([]);
    await all.client.restore();
    await opening;
    expect(texts(hall.state())).toEqual(numbers(1, 3));
  });

  test('pages back through what is kept', async () => {
    const before = await visited(130);
    const all = restarted(before, { store: before.store });
    await all.client.restore();
    const hall = all.client.channel('hall');
    await hall.open();
    expect(texts(hall.state())).toEqual(numbers(81, 130));
    while (hall.state().has_older) await hall.loadOlder();
    expect(texts(hall.state())).toEqual(numbers(1, 130));
  });

  // proves CL-17
  test('says openly where something is missing, and fills it with the connection', async () => {
    const before = await visited(30);
    for (let i = 31; i <= 400; i++) before.server.store(HALL, before.from('ana', `m${i}`));
    before.hall.close();
    await before.reconnect();
    await opened(before, before.hall);
    await before.server.cut();
    const all = restarted(before, { store: before.store });
    await all.client.restore();
    const hall = all.client.channel('hall');
    await hall.open();
    expect(texts(hall.state())).toEqual(numbers(351, 400));
    await hall.loadOlder();
    expect(texts(hall.state())).toEqual([...numbers(1, 30), 'gap', ...numbers(351, 400)]);
    expect(hall.state().timeline[30]).toMatchObject({ from: 31, to: 350, reason: 'skipped', offline: true });
    await all.connect();
    await all.server.flush();
    expect(texts(hall.state())).toEqual(numbers(1, 400));
  });

  test('a stretch that the server lost is said, however long it is', async () => {
    const before = await visited(3);
    before.server.log(HALL).items.length = 0;
    before.server.log(HALL).first = 1;
    before.server.log(HALL).items.push({ offset: 500, at: before.clock.now(), envelope: before.from('ana', 'm500') });
    await before.reconnect();
    await settle();
    await before.server.cut();
    const all = restarted(before, { store: before.store });
    await all.client.restore();
    const hall = all.client.channel('hall');
    await hall.open();
    for (let pages = 0; hall.state().has_older && pages < 4; pages++) await hall.loadOlder();
    expect(texts(hall.state())).toEqual(['m1', 'm2', 'm3', 'gap', 'm500']);
    expect(hall.state().timeline[3]).toEqual({ kind: 'gap', from: 4, to: 499, reason: 'damage' });
  });

  test('a thread shows its replies with their corrections', async () => {
    const store = memoryStore();
    const before = fixture({ store });
    await before.connect();
    await opened(before, before.client.channel('hall'));
    const root = before.server.say(HALL, before.from('ana', 'root')).envelope?.id ?? '';
    const reply = (text: string) => ({
      ...before.from('ben', text),
      subtype: 'thread_reply',
      payload: { text, thread: root },
    });
    const first = before.server.say(HALL, reply('one')).envelope?.id;
    before.server.say(HALL, reply('two'));
    before.server.say(HALL, { ...before.from('ben', ''), subtype: 'edit', payload: { target: first, text: 'one!' } });
    for (let i = 1; i <= 60; i++) before.server.say(HALL, before.from('ana', `m${i}`));
    await before.server.flush();
    await before.server.cut();
    const all = restarted(before, { store });
    await all.client.restore();
    const hall = all.client.channel('hall');
    await hall.open();
    while (hall.state().has_older) await hall.loadOlder();
    const thread = hall.thread(root);
    await thread.open();
    expect(texts(thread.state())).toEqual(['one!', 'two']);
  });
});

describe('catching up after a restart', () => {
  // proves CL-18
  test('asks only for what is missing, and tells it once', async () => {
    const before = await visited(30);
    for (let i = 31; i <= 35; i++) before.server.store(HALL, before.from('ana', `m${i}`));
    const asked = histories(before).length;
    const all = restarted(before, { store: before.store });
    const told: number[] = [];
    all.client.on('message', ({ item }) => told.push(item.offset));
    await all.client.restore();
    const hall = all.client.channel('hall');
    await hall.open();
    await all.connect();
    await all.server.flush();
    expect(histories(all).slice(asked)).toMatchObject([{ log: HALL, after: 30 }]);
    expect(texts(hall.state())).toEqual(numbers(1, 35));
    expect(told).toEqual([31, 32, 33, 34, 35]);
  });

  test('of the inbox begins where the device’s store ends', async () => {
    const store = memoryStore();
    const before = fixture({ store });
    await before.connect();
    const pointers = [1, 2, 3].map((i) =>
      before.server.notify(DIRECT, before.server.store(DIRECT, before.from('ana', `m${i}`, DIRECT))),
    );
    before.server.send({ type: 'inbox', items: pointers.slice(0, 2) });
    await before.server.flush();
    await before.server.cut();
    const all = restarted(before, { store });
    const told: number[] = [];
    all.client.on('message', ({ item }) => told.push(item.offset));
    await all.client.restore();
    const ana = all.client.direct('ana');
    await ana.open();
    expect(texts(ana.state())).toEqual(['m1', 'm2']);
    await all.connect();
    await all.server.flush();
    expect(told).toEqual([3]);
    expect(texts(ana.state())).toEqual(numbers(1, 3));
  });
});

/** A store whose writes fail as the test says. */
function breakable(inner: LocalStore = memoryStore()) {
  const state: { fault: 'full' | 'unavailable' | null; held: Promise<void> | null } = { fault: null, held: null };
  const store: LocalStore = {
    ...inner,
    write: async (changes) => {
      await state.held;
      const isFull = state.fault === 'full' && changes.some(({ value }) => value !== undefined);
      if (isFull || state.fault === 'unavailable') throw new LocalStoreError(state.fault ?? 'full', 'no');
      await inner.write(changes);
    },
  };
  return { state, store, inner };
}

describe('acknowledging the inbox', () => {
  // proves CL-19
  test('is said only for what the store has', async () => {
    const { state, store } = breakable();
    const all = fixture({ store });
    await all.connect();
    const hold = Promise.withResolvers<void>();
    state.held = hold.promise;
    const items = Array.from({ length: LIMITS.ack_every }, (_, i) =>
      all.server.notify(DIRECT, all.server.store(DIRECT, all.from('ana', `m${i + 1}`, DIRECT))),
    );
    all.server.send({ type: 'inbox', items });
    await all.server.flush();
    await all.clock.pass(LIMITS.ack_ms * 2);
    await all.server.flush();
    expect(all.server.inboxCursor).toBeNull();
    hold.resolve();
    await settle();
    await all.server.flush();
    expect(all.server.inboxCursor).toBe(LIMITS.ack_every);
  });
});

describe('own messages', () => {
  // proves CL-20
  test('are in the outbox until they are kept with their conversation, and shown once', async () => {
    const { state, store } = breakable();
    const outbox = memoryOutbox();
    const before = fixture({ store, outbox });
    await before.connect();
    const hall = await opened(before, before.client.channel('hall'));
    const hold = Promise.withResolvers<void>();
    state.held = hold.promise;
    const sending = hall.send('mine');
    await before.server.flush();
    await sending;
    // The program dies here: the server has it, the outbox too, the store does not.
    expect(await outbox.load()).toHaveLength(1);
    const again = restarted(before, { store: memoryStore(), outbox });
    await again.connect();
    await again.server.flush();
    expect(again.server.log(HALL).items).toHaveLength(1);
    expect(texts((await opened(again, again.client.channel('hall'))).state())).toEqual(['mine']);
    hold.resolve();
    await settle();
    expect(await outbox.load()).toEqual([]);
  });

  // proves CL-21
  test('of the last day, stored by an earlier program, are offered to another store of the server; older ones are not', async () => {
    const store = memoryStore();
    const before = fixture({ store });
    before.server.heartbeat_ms = 2 * DAY;
    await before.connect();
    const hall = await opened(before, before.client.channel('hall'));
    void hall.send('older');
    await before.server.flush();
    await before.clock.pass(DAY + 1);
    await before.server.flush();
    before.server.say(HALL, before.from('ana', 'theirs'));
    void hall.send('lately');
    await before.server.flush();
    await settle();
    expect(await store.list('outbox', { prefix: '', limit: 9 })).toEqual([]);
    await before.server.cut();
    before.server.epoch = 'epoch-2';
    before.server.logs.clear();
    before.server.store(HALL, before.from('ana', 'restored'));
    const all = restarted(before, { store });
    await all.connect();
    await settle();
    await all.server.flush();
    expect(all.server.log(HALL).items.map(({ envelope }) => envelope?.payload['text'])).toEqual(['restored', 'lately']);
    const shown = await opened(all, all.client.channel('hall'));
    expect(texts(shown.state())).toEqual(['restored', 'lately']);
    await all.server.cut();
    const third = restarted(all, { store });
    await third.client.restore();
    const kept = third.client.channel('hall');
    await kept.open();
    expect(texts(kept.state())).toEqual(['restored', 'lately']);
  });
});

describe('what must not stay', () => {
  const rowsOf = async (store: LocalStore) =>
    JSON.stringify(await store.list('entries', { prefix: '', limit: 10_000 }));

  // proves CL-22
  test('a deleted message and its edits leave the device’s store, loaded or not', async () => {
    const store = memoryStore();
    const all = fixture({ store });
    await all.connect();
    await opened(all, all.client.channel('hall'));
    const target = all.server.say(HALL, all.from('ana', 'secret')).envelope?.id;
    all.server.say(HALL, { ...all.from('ana', ''), subtype: 'edit', payload: { target, text: 'secret too' } });
    for (let i = 1; i <= 250; i++) all.server.say(HALL, all.from('ana', `m${i}`));
    await all.server.flush();
    await all.server.cut();
    const later = restarted(all, { store });
    await later.connect();
    await opened(later, later.client.channel('hall'));
    later.server.say(HALL, { ...later.from('ana', ''), subtype: 'delete', payload: { target } });
    await later.server.flush();
    await settle();
    expect(await rowsOf(store)).not.toContain('secret');
    expect(await rowsOf(store)).toContain('m250');
  });

  test('what has outlived its retention is dropped at the start, and its time to live hides it before', async () => {
    const store = memoryStore();
    const before = fixture({ store });
    await before.connect();
    await opened(before, before.client.channel('hall'));
    before.server.say(HALL, before.from('ana', 'old'));
    await before.server.flush();
    await before.server.cut();
    before.clock.skip(89 * DAY);
    const next = restarted(before, { store });
    await next.connect();
    const hall = await opened(next, next.client.channel('hall'));
    next.server.say(HALL, next.from('ana', 'new'));
    next.server.say(HALL, { ...next.from('ana', 'short'), ttl: 60 });
    await next.server.flush();
    expect(texts(hall.state())).toEqual(['old', 'new', 'short']);
    await next.server.cut();
    next.clock.skip(2 * DAY);
    const last = restarted(next, { store });
    await last.client.restore();
    await settle();
    const kept = last.client.channel('hall');
    await kept.open();
    expect(await rowsOf(store)).not.toContain('"old"');
    expect(kept.state().timeline).toMatchObject([{ text: 'new' }, { gone: 'expired', text: '' }]);
    await settle();
    expect(await rowsOf(store)).not.toContain('"short"');
  });

  // proves CL-23
  test('signing out removes everything kept of the person, unsent messages too', async () => {
    const store = memoryStore();
    const all = fixture({ store });
    await all.connect();
    await opened(all, all.client.channel('hall'));
    all.server.say(HALL, all.from('ana', 'm1'));
    await all.server.flush();
    await all.server.cut();
    all.client
      .channel('hall')
      .send('unsent')
      .catch(() => {});
    await settle();
    expect(all.client.waiting).toBe(1);
    await all.client.signOut();
    for (const table of ['outbox', 'entries', 'logs', 'people', 'meta'] as const)
      expect(await store.list(table, { prefix: '', limit: 99 })).toEqual([]);
  });

  // proves CL-24
  test('another person on the device finds nothing of who was there before', async () => {
    const before = await visited(3);
    before.client
      .channel('hall')
      .send('unsent')
      .catch(() => {});
    await settle();
    const all = restarted(before, { store: before.store, demoUser: 'ben' });
    await all.client.restore();
    expect(all.client.waiting).toBe(0);
    expect(texts(all.client.channel('hall').state())).toEqual([]);
    expect(await rowsOf(before.store)).toBe('[]');
  });
});

describe('a bound on what is kept', () => {
  // proves CL-25
  test('drops the oldest of what was opened longest ago, and never what is unsent', async () => {
    const store = memoryStore();
    const keep = { entries: 100 };
    const all = fixture({ store, keep });
    await all.connect();
    for (const name of ['first', 'second']) {
      await all.clock.pass(1_000);
      await opened(all, all.client.channel(name));
      for (let i = 1; i <= 80; i++) all.server.say(`ch:${name}`, all.from('ana', `${name} ${i}`, `ch:${name}`));
      await all.server.flush();
      await settle();
    }
    await all.server.cut();
    all.client
      .channel('first')
      .send('unsent')
      .catch(() => {});
    await settle();
    const usage = await all.client.usage();
    expect(usage).toMatchObject({ kind: 'memory', keep });
    expect(usage.entries).toBeLessThanOrEqual(100);
    expect(usage.entries).toBeGreaterThan(90);
    const count = async (log: LogName) => (await store.list('entries', { prefix: `${log}/`, limit: 999 })).length;
    expect(await count('ch:second')).toBe(80);
    expect((await count('ch:first')) + 80).toBe(usage.entries);
    const later = restarted(all, { store, keep });
    await later.client.restore();
    expect(later.client.waiting).toBe(1);
    const first = later.client.channel('first');
    await first.open();
    expect(texts(first.state())).toContain('first 80');
    expect(first.state().has_older).toBe(true);
  });

  // proves CL-26
  test('a store without room is told of once, and everything goes on from memory', async () => {
    const { state, store } = breakable();
    const all = fixture({ store });
    const faults: string[] = [];
    all.client.on('storage', ({ fault }) => faults.push(fault));
    await all.connect();
    const hall = await opened(all, all.client.channel('hall'));
    all.server.say(HALL, all.from('ana', 'm1'));
    await all.server.flush();
    state.fault = 'full';
    for (let i = 2; i <= 5; i++) {
      all.server.say(HALL, all.from('ana', `m${i}`));
      await all.server.flush();
    }
    await all.clock.pass(60_000);
    expect(texts(hall.state())).toEqual(numbers(1, 5));
    expect(faults).toEqual(['full']);
    expect(await store.get('entries', `${HALL}/${sortableNumber(1)}`)).toBeUndefined();
  });

  test('a damaged row is fetched again', async () => {
    const before = await visited(5);
    const damaged = `${HALL}/${sortableNumber(3)}`;
    const store: LocalStore = {
      ...before.store,
      list: async (table, range) => {
        const rows = await before.store.list(table, range);
        const keys = rows.flatMap(({ key, value }) => (key === damaged && isFirst(value) ? [key] : []));
        if (keys.length > 0) throw new LocalStoreError('damaged', 'no', undefined, keys);
        return rows;
      },
    };
    const text = before.server.log(HALL).items[2];
    const isFirst = (value: unknown) => JSON.stringify(value) === JSON.stringify(text) && !mended;
    let mended = false;
    const all = restarted(before, { store });
    await all.client.restore();
    const hall = all.client.channel('hall');
    await hall.open();
    expect(texts(hall.state())).toEqual(['m4', 'm5']);
    expect(hall.state().has_older).toBe(true);
    mended = true;
    await all.connect();
    await all.server.flush();
    expect(texts(hall.state())).toEqual(numbers(1, 5));
    await settle();
    expect(await before.store.get('entries', damaged)).toEqual(text as never);
  });
});
