import { describe, expect, test } from 'bun:test';
import { type ConversationInfo, ERROR_CODES } from '@konferenco/protocol';
import { memoryTokens } from './storage/memory.ts';
import { type Fixture, fixture, texts } from './testing/fixture.ts';
import { settle } from './testing/virtual-clock.ts';
import { TYPING_LAPSE_MS, TYPING_STOP_MS } from './typing.ts';

async function opened(log = 'ch:hall') {
  const all = fixture();
  await all.connect();
  const conversation = log.startsWith('ch:') ? all.client.channel(log.slice(3)) : all.client.direct('ana');
  const opening = conversation.open();
  await all.server.flush();
  await opening;
  return { ...all, conversation };
}

/** What was published without asking for an answer, as `subtype payload`. */
const whispers = ({ server }: Pick<Fixture, 'server'>) =>
  server
    .framesOf('publish')
    .flatMap(({ ref, envelope }) => (ref === undefined ? [[envelope.subtype, envelope.payload]] : []));

describe('typing', () => {
  test('is said at most every three seconds, and its end once', async () => {
    const all = await opened();
    for (let key = 0; key < 10; key++) {
      all.conversation.typing();
      await all.clock.pass(500);
    }
    await all.clock.pass(TYPING_STOP_MS);
    await all.server.flush();
    expect(whispers(all)).toEqual([
      ['typing', { active: true }],
      ['typing', { active: true }],
      ['typing', { active: false }],
    ]);
  });

  test('ends when the message is sent', async () => {
    const all = await opened();
    all.conversation.typing();
    void all.conversation.send('done');
    await all.server.flush();
    expect(whispers(all)).toEqual([
      ['typing', { active: true }],
      ['typing', { active: false }],
    ]);
  });

  test('of others shows until it lapses, they stop, or they have spoken', async () => {
    const all = await opened();
    const says = (active: boolean) => ({
      type: 'transient' as const,
      log: 'ch:hall',
      envelope: { ...all.from('ana', ''), subtype: 'typing', payload: { active } },
    });
    all.server.send(says(true));
    await all.server.flush();
    expect(all.conversation.state().typing).toEqual(['ana']);
    await all.clock.pass(TYPING_LAPSE_MS);
    expect(all.conversation.state().typing).toEqual([]);
    all.server.send(says(true), says(false));
    await all.server.flush();
    expect(all.conversation.state().typing).toEqual([]);
    all.server.send(says(true));
    all.server.say('ch:hall', all.from('ana', 'here'));
    await all.server.flush();
    expect(all.conversation.state().typing).toEqual([]);
  });
});

describe('read marks', () => {
  test('go to the newest, at most once a second, and after a break what could not be said', async () => {
    const all = await opened();
    for (let i = 1; i <= 3; i++) {
      all.server.say('ch:hall', all.from('ana', `m${i}`));
      await all.server.flush();
      all.conversation.markRead();
    }
    await all.server.flush();
    expect(whispers(all)).toEqual([['read', { log: 'ch:hall', offset: 1 }]]);
    await all.clock.pass(1_000);
    await all.server.flush();
    expect(whispers(all).at(-1)).toEqual(['read', { log: 'ch:hall', offset: 3 }]);
    expect(all.conversation.state()).toMatchObject({ read: 3, unread: 0 });
    all.server.say('ch:hall', all.from('ana', 'm4'));
    await all.server.flush();
    await all.server.cut();
    all.conversation.markRead();
    await all.reconnect();
    await all.clock.pass(1_000);
    await all.server.flush();
    expect(whispers(all).at(-1)).toEqual(['read', { log: 'ch:hall', offset: 4 }]);
  });

  test('of one’s other device move one’s own, and are not said again', async () => {
    const all = await opened();
    all.server.say('ch:hall', all.from('ana', 'm1'));
    const envelope = { ...all.from('mere', ''), subtype: 'read', payload: { log: 'ch:hall', offset: 1 } };
    all.server.send({ type: 'transient', log: 'ch:hall', envelope });
    await all.server.flush();
    expect(all.conversation.state()).toMatchObject({ read: 1, unread: 0 });
    all.conversation.markRead();
    await all.server.flush();
    expect(whispers(all)).toEqual([]);
  });

  test('of the other person turn own messages to read', async () => {
    const all = await opened('dm:ana:mere');
    const states: string[] = [];
    const sending = all.conversation.send('hi', { onState: (state) => states.push(state) });
    await all.server.flush();
    await sending;
    const envelope = {
      ...all.from('ana', '', 'dm:ana:mere'),
      subtype: 'read',
      payload: { log: 'dm:ana:mere', offset: 1 },
    };
    all.server.send({ type: 'transient', log: 'dm:ana:mere', envelope });
    await all.server.flush();
    expect(all.conversation.state()).toMatchObject({ peer_read: 1, timeline: [{ state: 'read' }] });
    expect(states).toEqual(['saving', 'queued', 'sent', 'stored', 'read']);
  });
});

describe('threads', () => {
  test('replies are beside the timeline, counted at the root and live in the thread', async () => {
    const all = await opened();
    const root = all.server.say('ch:hall', all.from('ana', 'root'));
    const reply = (text: string) => ({
      ...all.from('ben', text),
      subtype: 'thread_reply',
      payload: { text, thread: root.envelope?.id },
    });
    all.server.say('ch:hall', reply('one'));
    await all.server.flush();
    const thread = all.conversation.thread(root.envelope?.id ?? '');
    const opening = thread.open();
    expect(thread.state().loading).toBe(true);
    await all.server.flush();
    await opening;
    all.server.say('ch:hall', reply('two'));
    await all.server.flush();
    expect(texts(thread.state())).toEqual(['one', 'two']);
    expect(all.conversation.state().timeline).toMatchObject([{ text: 'root', replies: 2 }]);
    const mine = all.conversation.send('three', { thread: thread.root });
    expect(texts(thread.state())).toEqual(['one', 'two', 'three']);
    await all.server.flush();
    expect(await mine).toMatchObject({ offset: 4 });
  });
});

describe('opening', () => {
  test('offline waits for the connection', async () => {
    const all = fixture();
    all.server.store('ch:hall', all.from('ana', 'hello'));
    const hall = all.client.channel('hall');
    const opening = hall.open();
    expect(hall.state().loading).toBe(true);
    await all.connect();
    await opening;
    expect(texts(hall.state())).toEqual(['hello']);
    expect(hall.state().loading).toBe(false);
  });

  test('that the server refuses rejects with its reason', async () => {
    const all = fixture();
    await all.connect();
    const { code, text: message } = ERROR_CODES.not_member;
    all.server.intercept = (frame) =>
      frame.type === 'subscribe'
        ? [{ type: 'reply', ref: frame.ref, data: { logs: { 'ch:secret': { code, error: 'not_member', message } } } }]
        : undefined;
    const secret = all.client.channel('secret');
    const opening = secret.open();
    opening.catch(() => {});
    await all.server.flush();
    await expect(opening).rejects.toMatchObject({ error: 'not_member', recourse: 'after_sign_in' });
    expect(secret.state().loading).toBe(false);
  });

  test('the same conversation is the same object, and closing ends its delivery', async () => {
    const all = await opened();
    expect(all.client.channel('hall')).toBe(all.conversation as never);
    const told: number[] = [];
    all.client.on('message', ({ item }) => told.push(item.offset));
    all.conversation.close();
    await all.server.flush();
    expect(all.server.framesOf('unsubscribe')).toMatchObject([{ logs: ['ch:hall'] }]);
    all.server.say('ch:hall', all.from('ana', 'unheard'));
    await all.server.flush();
    expect(texts(all.conversation.state())).toEqual([]);
    const opening = all.conversation.open();
    await all.server.flush();
    await opening;
    expect(texts(all.conversation.state())).toEqual(['unheard']);
    all.server.say('ch:hall', all.from('ana', 'heard'));
    await all.server.flush();
    expect(told).toEqual([2]);
  });

  test('a state that has not changed is the same object', async () => {
    const all = await opened();
    const before = all.conversation.state();
    expect(all.conversation.state()).toBe(before);
    all.server.say('ch:hall', all.from('ana', 'new'));
    await all.server.flush();
    expect(all.conversation.state()).not.toBe(before);
  });
});

/** A signed-in client whose list holds these lines. */
async function listed(lines: (all: Fixture) => readonly Partial<ConversationInfo>[]) {
  const store = memoryTokens();
  await store.save({
    access_token: 'a',
    expires_at: 0,
    refresh_token: 'r',
    user: { id: 'mere', name: 'Mere' },
    device_id: 'd',
  });
  let infos: readonly Partial<ConversationInfo>[] = [];
  const fetch = (async (input: string) =>
    Response.json(
      input.includes('/api/connect') ? { url: '/ws', ticket: 'T', expires_at: 0 } : { items: infos },
    )) as never;
  const all = fixture({ demoUser: undefined as never, tokens: store }, { fetch });
  infos = lines(all);
  await all.connect();
  const refreshing = all.client.conversations.refresh();
  await all.server.flush();
  await refreshing;
  for (let turn = 0; turn < 5; turn++) {
    await all.clock.pass(1_000);
    await all.server.flush();
  }
  return all;
}

describe('the conversation list', () => {
  const line = (all: Fixture, log: string, read: number): Partial<ConversationInfo> => ({
    log,
    state: { first: all.server.log(log).first, head: all.server.head(log) },
    read,
    muted: false,
  });

  test('counts what is unread, follows joined channels and keeps the counts up to date', async () => {
    const all = await listed((world) => {
      for (let i = 1; i <= 5; i++) world.server.store('ch:hall', world.from(i === 4 ? 'mere' : 'ana', `m${i}`));
      world.server.store('dm:ana:mere', world.from('ana', 'psst', 'dm:ana:mere'));
      return [line(world, 'ch:hall', 2), line(world, 'dm:ana:mere', 0)];
    });
    const unread = () =>
      Object.fromEntries(all.client.conversations.state().items.map((item) => [item.log, item.unread]));
    expect(unread()).toEqual({ 'ch:hall': 2, 'dm:ana:mere': 1 });
    all.server.say('ch:hall', all.from('ana', 'live'));
    await all.server.flush();
    expect(unread()).toEqual({ 'ch:hall': 3, 'dm:ana:mere': 1 });
    expect(all.client.conversations.state().items.find(({ log }) => log === 'ch:hall')?.preview).toMatchObject({
      text: 'live',
    });
    all.client.channel('hall').markRead();
    expect(unread()).toEqual({ 'ch:hall': 0, 'dm:ana:mere': 1 });
  });

  test('what was unread before the start is not told as arriving', async () => {
    const told: number[] = [];
    const all = await listed((world) => {
      world.client.on('message', ({ item }) => told.push(item.offset));
      for (let i = 1; i <= 5; i++) world.server.store('ch:hall', world.from('ana', `m${i}`));
      return [line(world, 'ch:hall', 2)];
    });
    expect(told).toEqual([]);
    all.server.say('ch:hall', all.from('ana', 'm6'));
    await all.server.flush();
    expect(told).toEqual([6]);
  });

  test('says how many are unread where they are too many to load', async () => {
    const all = await listed((world) => {
      for (let i = 1; i <= 300; i++) world.server.store('ch:hall', world.from('ana', `m${i}`));
      return [line(world, 'ch:hall', 100)];
    });
    expect(all.client.conversations.state().items[0]?.unread).toBe(200);
    expect(all.server.framesOf('history')).toHaveLength(1);
  });

  test('is fetched again when the server says that something changed', async () => {
    const all = await listed(() => []);
    const states: boolean[] = [];
    all.client.conversations.subscribe(() => states.push(all.client.conversations.state().loading));
    all.server.send({ type: 'changed', what: 'membership', id: 'hall' });
    await all.server.flush();
    await all.clock.pass(1_000);
    await settle();
    expect(states).toContain(true);
    expect(states.at(-1)).toBe(false);
  });
});

test('a busy channel that nobody looks at does not fill the memory, and loses nothing for who looks later', async () => {
  const all = await opened();
  for (let i = 1; i <= 600; i++) all.server.say('ch:hall', all.from('ana', `m${i}`));
  await all.server.flush();
  expect(texts(all.conversation.state())).toHaveLength(600);
  const root = all.server.log('ch:hall').items[10]?.envelope?.id ?? '';
  all.server.say('ch:hall', { ...all.from('ana', ''), subtype: 'edit', payload: { target: root, text: 'edited' } });
  await all.server.flush();
  all.conversation.close();
  expect(texts(all.conversation.state())).toHaveLength(200);
  expect(all.conversation.state()).toMatchObject({ has_older: true, unread: 600 });
  const opening = all.conversation.open();
  await all.server.flush();
  await opening;
  while (all.conversation.state().has_older) {
    const older = all.conversation.loadOlder();
    await all.server.flush();
    await older;
  }
  expect(texts(all.conversation.state())).toEqual(
    Array.from({ length: 600 }, (_, i) => (i === 10 ? 'edited' : `m${i + 1}`)),
  );
});

describe('presence', () => {
  test('is watched again after a reconnect, and unknown in between', async () => {
    const { client, server, connect, reconnect } = fixture();
    await connect();
    client.presence.watch({ channels: ['hall'], users: ['ana'] });
    await server.flush();
    server.send(
      { type: 'presence', channel: 'hall', count: 12, users: [] },
      { type: 'presence', users: [{ user_id: 'ana', status: 'busy' }] },
    );
    await server.flush();
    expect([client.presence.status('ana'), client.presence.count('hall')]).toEqual(['busy', 12]);
    await server.cut();
    expect([client.presence.status('ana'), client.presence.count('hall')]).toEqual(['offline', null]);
    await reconnect();
    expect(server.framesOf('watch').map(({ channels, users }) => ({ channels, users }))).toEqual([
      { channels: ['hall'], users: ['ana'] },
      { channels: ['hall'], users: ['ana'] },
    ]);
  });

  test('one’s own status is said at once and again with the next hello', async () => {
    const { client, server, connect, reconnect } = fixture();
    await connect();
    client.presence.set('busy');
    await server.flush();
    await server.cut();
    await reconnect();
    expect(server.framesOf('presence').map(({ status }) => status)).toEqual(['busy']);
    expect(server.framesOf('hello').map(({ status }) => status)).toEqual(['online', 'busy']);
  });
});

test('an error that belongs to no call is told', async () => {
  const { client, server, connect } = fixture();
  const errors: string[] = [];
  client.on('error', ({ error }) => errors.push(error));
  await connect();
  server.send({ type: 'error', code: 3000, error: 'rate_limited', message: 'slow down' });
  await server.flush();
  expect(errors).toEqual(['rate_limited']);
});

test('a listener that throws does not keep the others from hearing', async () => {
  const { Signal } = await import('./events.ts');
  const signal = new Signal<number>();
  const heard: number[] = [];
  const surfaced: unknown[] = [];
  const queue = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (fn) => {
    try {
      fn();
    } catch (error) {
      surfaced.push(error);
    }
  };
  signal.subscribe(() => {
    throw new Error('mine');
  });
  signal.subscribe((value) => heard.push(value));
  signal.emit(7);
  globalThis.queueMicrotask = queue;
  expect(heard).toEqual([7]);
  expect(surfaced).toHaveLength(1);
});

test('what blocked people say in a channel is hidden, not counted, and shown again when the block is lifted', async () => {
  const world = { blocked: ['ben'] };
  const store = memoryTokens();
  await store.save({
    access_token: 'a',
    expires_at: 0,
    refresh_token: 'r',
    user: { id: 'mere', name: 'Mere' },
    device_id: 'd',
  });
  const answer = (path: string) => {
    if (path === '/api/connect') return { url: '/ws', ticket: 'T', expires_at: 0 };
    return path === '/api/me' ? { user: {}, events: [], blocked: world.blocked } : { items: [] };
  };
  const fetch = (async (input: string) => Response.json(answer(new URL(input).pathname))) as never;
  const all = fixture({ demoUser: undefined as never, tokens: store }, { fetch });
  await all.connect();
  const hall = all.client.channel('hall');
  const opening = hall.open();
  await all.server.flush();
  await opening;
  for (const user of ['ana', 'ben']) all.server.say('ch:hall', all.from(user, `I am ${user}`));
  await all.server.flush();
  expect(texts(hall.state())).toEqual(['I am ana']);
  expect(hall.state().unread).toBe(1);
  world.blocked = [];
  all.server.send({ type: 'changed', what: 'blocks', id: 'mere' });
  await all.server.flush();
  await settle();
  expect(texts(hall.state())).toEqual(['I am ana', 'I am ben']);
  expect(hall.state().unread).toBe(2);
});
