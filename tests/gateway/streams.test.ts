import { afterEach, beforeEach, expect, test } from 'bun:test';
import { type Envelope, LIMITS, type ServerFrame } from '@konferenco/protocol';
import type { PollRequest, StreamRequest } from '@konferenco/protocol/schema';
import { EventParser } from '../../packages/client/src/transport/event-parser.ts';
import type { StreamSocket } from '../../packages/server/src/gateway/stream-socket.ts';
import { type Harness, type RawClient, startHarness } from './harness.ts';

let h: Harness;
beforeEach(() => {
  h = startHarness();
});
afterEach(() => h.close());

const identity = (user: string) => ({ user, device: 'd', session: 's1', expires_at: null });
const HELLO = { type: 'hello', ref: 1 } as const;
const never = new AbortController().signal;
const TOKEN = 'token';

/** What the other end of a stream reads, when it reads. */
class Reader {
  readonly frames: ServerFrame[] = [];
  readonly closes: { code: number; reason: string }[] = [];
  bytes = 0;

  read(events: Uint8Array): this {
    this.bytes += events.length;
    for (const { event, data } of new EventParser().push(new TextDecoder().decode(events))) {
      if (event === 'close') this.closes.push(JSON.parse(data));
      else this.frames.push(JSON.parse(data));
    }
    return this;
  }

  take(socket: StreamSocket): this {
    return this.read(socket.take());
  }

  texts(): string[] {
    return this.frames.flatMap((frame) =>
      frame.type === 'message' || frame.type === 'inbox'
        ? frame.items.map((item) => String(item.envelope?.payload['text']))
        : [],
    );
  }

  of(type: ServerFrame['type']): ServerFrame[] {
    return this.frames.filter((frame) => frame.type === type);
  }
}

async function open(user: string, request: Partial<StreamRequest> = {}) {
  const socket = h.server.node.streams.open(identity(user), { hello: HELLO, ...request });
  await h.clock.advance(10);
  return { socket, reader: new Reader().take(socket) };
}

type Subscribe = NonNullable<StreamRequest['subscribe']>;

const hears = (after?: Record<string, number>): Subscribe => ({
  type: 'subscribe',
  ref: 2,
  logs: ['ch:hall'],
  ...(after ? { after } : {}),
});

async function say(client: RawClient, count: number, from = 1): Promise<void> {
  for (let i = from; i < from + count; i++) await client.say('hall', `${i}`);
}

// proves TR-3
test('a stream answers hello and subscribe, and brings what is said to a channel and to the person', async () => {
  const mere = await h.connect('mere');
  const { socket, reader } = await open('rangi', { subscribe: hears() });
  expect(reader.of('reply')).toMatchObject([
    { ref: 1, data: { user_id: 'rangi' } },
    { ref: 2, data: { logs: { 'ch:hall': { first: 0, head: 0 } } } },
  ]);
  await mere.say('hall', 'to all');
  await mere.tell('rangi', 'to you');
  await h.clock.advance(50);
  expect(reader.take(socket).texts().toSorted()).toEqual(['to all', 'to you']);
});

// proves TR-4
test('what is missing since the positions given is sent; more than a page is to be fetched', async () => {
  const mere = await h.connect('mere');
  await say(mere, 5);
  for (const text of ['a', 'b', 'c']) await mere.tell('rangi', text);
  const near = await open('rangi', { hello: { ...HELLO, inbox: 1 }, subscribe: hears({ 'ch:hall': 2 }) });
  expect(near.reader.texts().toSorted()).toEqual(['3', '4', '5', 'b', 'c']);
  const level = await open('rangi', { hello: { ...HELLO, inbox: 3 }, subscribe: hears({ 'ch:hall': 5 }) });
  expect(level.reader.texts()).toEqual([]);
  await say(mere, LIMITS.page, 6);
  const far = await open('rangi', { subscribe: hears({ 'ch:hall': 2 }) });
  expect(far.reader.texts()).toEqual([]);
  expect(far.reader.of('resync')).toEqual([{ type: 'resync', log: 'ch:hall' }]);
});

// proves TR-4
test('positions tell nothing of a log that may not be read', async () => {
  const mere = await h.connect('mere');
  await mere.tell('hone', 'between us');
  const log = 'dm:hone:mere';
  const subscribe: Subscribe = { type: 'subscribe', ref: 2, logs: [log], after: { [log]: 0, 'in:mere': 0 } };
  const { reader } = await open('rangi', { subscribe });
  expect(reader.texts()).toEqual([]);
});

// proves TR-8
test('a stream that is not read is bounded, told resync once it is, and cut after ten seconds', async () => {
  await h.close();
  h = startHarness({ sendBuffer: 20_000 });
  const mere = await h.connect('mere');
  const [slow, dead, good] = [
    await open('slow', { subscribe: hears() }),
    await open('dead', { subscribe: hears() }),
    await open('good', { subscribe: hears() }),
  ];
  for (let i = 0; i < 60; i++) {
    await mere.say('hall', 'x'.repeat(1_000));
    await h.clock.advance(10);
    good.reader.take(good.socket);
  }
  expect(good.reader.texts()).toHaveLength(60);
  expect(slow.socket.getBufferedAmount()).toBeLessThanOrEqual(20_000);
  slow.reader.take(slow.socket).take(slow.socket);
  expect(slow.reader.of('resync')).toEqual([{ type: 'resync', log: 'ch:hall' }]);
  await h.clock.advance(15_000);
  expect(dead.reader.take(dead.socket).closes.map(({ code }) => code)).toEqual([4001]);
  expect([slow.socket.isOpen, good.socket.isOpen]).toEqual([true, true]);
});

// proves TR-8
test('signing out and a ban end streams and polls with their codes', async () => {
  const [rangi, hone] = [await open('rangi'), await open('hone')];
  const { streams, services } = h.server.node;
  const polled = streams.begin(identity('rangi'), poll(), TOKEN);
  services.bus.publish({ kind: 'revoked', user: 'rangi', session: 's1', reason: 'token_revoked' });
  services.bus.publish({ kind: 'revoked', user: 'hone', reason: 'banned' });
  await h.clock.advance(50);
  expect(rangi.reader.take(rangi.socket).closes.map(({ code }) => code)).toEqual([4300]);
  expect(hone.reader.take(hone.socket).closes.map(({ code }) => code)).toEqual([4301]);
  expect(streams.find(poll().session, TOKEN)).toBeUndefined();
  expect(new Reader().take(polled.socket).closes.map(({ code }) => code)).toEqual([4300]);
});

// proves TR-8
test('a node that drains asks streams to move and then ends them', async () => {
  const { socket, reader } = await open('rangi');
  const drained = h.server.node.gateway.drain(2_000);
  await h.clock.advance(3_000);
  await drained;
  reader.take(socket);
  expect(reader.of('migrate')).toHaveLength(1);
  expect(reader.closes.map(({ code }) => code)).toEqual([4100]);
  expect(h.server.node.gateway.connections).toBe(0);
});

// proves TR-7
test('a stream lives for one lease, is kept alive by comments, and its end shows in who is here', async () => {
  const watcher = await h.connect('watcher');
  await watcher.request({ type: 'watch', users: ['rangi'] });
  const { socket, reader } = await open('rangi');
  const before = reader.bytes;
  await h.clock.advance(6_000);
  expect(reader.take(socket).bytes).toBeGreaterThan(before);
  expect(reader.closes).toEqual([]);
  for (let i = 0; i < 25; i++) {
    await h.clock.advance(5_000);
    reader.take(socket);
    watcher.send({ type: 'heartbeat', nonce: i });
  }
  expect(reader.closes.map(({ code }) => code)).toEqual([4000]);
  await h.clock.advance(1_000);
  expect(watcher.of('presence').at(-1)?.users).toEqual([{ user_id: 'rangi', status: 'offline' }]);
});

test('a stream whose other end is gone leaves nothing behind', async () => {
  const { socket } = await open('rangi', { subscribe: hears() });
  socket.abandon();
  const { gateway, services, streams } = h.server.node;
  expect([gateway.connections, services.hub.logs.size, streams.counts.sse]).toEqual([0, 0, 0]);
});

test('one person holds a bounded number of streams, the oldest gives way', async () => {
  const first = await open('rangi');
  for (let i = 0; i < 40; i++) await open('rangi');
  expect(first.reader.take(first.socket).closes.map(({ code }) => code)).toEqual([4002]);
  expect(h.server.node.streams.counts.sse).toBe(32);
});

function poll(request: Partial<PollRequest> = {}): PollRequest {
  return { session: 'a'.repeat(16), hello: HELLO, ...request };
}

/** One round, as the HTTP side does it; resolves with what it brought and how long it took. */
async function round(user: string, request: PollRequest, gone = never) {
  const { streams } = h.server.node;
  const begun = h.clock.now();
  const known = streams.find(request.session, TOKEN);
  if (known) streams.renew(known, request);
  const session = known ?? streams.begin(identity(user), request, TOKEN);
  let took: number | null = null;
  const answered = streams.answer(session, gone).then((events) => {
    took = h.clock.now() - begun;
    return new Reader().read(events);
  });
  await h.clock.runUntil(() => took !== null, 5_000);
  return { reader: await answered, took: took ?? Number.POSITIVE_INFINITY };
}

// proves TR-6
test('a poll is answered within a second, and what comes between two of them waits', async () => {
  const mere = await h.connect('mere');
  const first = await round('rangi', poll({ subscribe: hears() }));
  expect(first.reader.of('reply').map((frame) => 'ref' in frame && frame.ref)).toEqual([1, 2]);
  await mere.say('hall', 'between');
  await h.clock.advance(700);
  const second = await round('rangi', poll({ subscribe: hears({ 'ch:hall': 0 }) }));
  expect(second.reader.texts()).toEqual(['between']);
  expect(second.took).toBeLessThan(100);
  const third = await round('rangi', poll({ subscribe: hears({ 'ch:hall': 1 }) }));
  expect(third.reader.frames).toEqual([]);
  expect(third.took).toBeLessThanOrEqual(LIMITS.poll_ms);
});

// proves TR-6
test('a session between polls counts as present for a lease, and a round that breaks off ends it', async () => {
  await round('rangi', poll());
  const { gateway, streams } = h.server.node;
  await h.clock.advance(85_000);
  expect(gateway.connections).toBe(1);
  await h.clock.advance(40_000);
  expect([gateway.connections, streams.counts.poll]).toEqual([0, 0]);
  const abort = new AbortController();
  await round('rangi', poll());
  h.clock.after(300, () => abort.abort());
  await round('rangi', poll(), abort.signal);
  expect([gateway.connections, streams.counts.poll]).toEqual([0, 0]);
});

// proves TR-6
test('a round changes what is heard: new logs answer where they stand, others end, the same ones cost nothing', async () => {
  const mere = await h.connect('mere');
  await round('rangi', poll({ subscribe: hears() }));
  const both: Subscribe = { type: 'subscribe', ref: 2, logs: ['ch:hall', 'ch:garden'], after: { 'ch:hall': 0 } };
  const second = await round('rangi', poll({ subscribe: both }));
  expect(second.reader.of('reply')).toEqual([
    { type: 'reply', ref: 2, data: { logs: { 'ch:garden': { first: 0, head: 0 } } } },
  ]);
  const third = await round('rangi', poll({ subscribe: { ...both, logs: ['ch:garden'], after: { 'ch:garden': 0 } } }));
  expect(third.reader.frames).toEqual([]);
  await mere.say('hall', 'unheard');
  await mere.say('garden', 'heard');
  const last = await round('rangi', poll({ subscribe: { ...both, logs: ['ch:garden'], after: { 'ch:garden': 0 } } }));
  expect(last.reader.texts()).toEqual(['heard']);
});

function publish(text: string, ref: number, timestamp = h.clock.now()): Record<string, unknown> & { type: string } {
  const envelope: Envelope = {
    id: h.server.node.services.newId(),
    type: 'chat',
    subtype: 'channel_message',
    from: { user_id: 'rangi' },
    to: { type: 'channel', id: 'hall' },
    payload: { text },
    timestamp,
  };
  return { type: 'publish', ref, envelope };
}

async function ask(frames: (Record<string, unknown> & { type: string })[], since?: number): Promise<Reader> {
  const request = { frames, ...(since === undefined ? {} : { since }) };
  let reader: Reader | null = null;
  void h.server.node.answers.answer(identity('rangi'), request, never).then((events) => {
    reader = new Reader().read(events);
  });
  await h.clock.runUntil(() => reader !== null, 20_000);
  return reader ?? new Reader();
}

// proves TR-5
test('requests need no connection: each is answered, in order of effect, and a bad one spoils no other', async () => {
  const reader = await ask([
    publish('one', 1),
    publish('two', 2),
    { type: 'nonsense' },
    { type: 'publish', ref: 3, envelope: {} },
    { type: 'subscribe', ref: 4, logs: ['ch:hall'] },
    { type: 'history', ref: 5, log: 'dm:hone:mere' },
  ]);
  const answers = new Map(reader.frames.map((frame) => ['ref' in frame ? frame.ref : undefined, frame]));
  expect(answers.get(1)).toMatchObject({ type: 'reply', data: { offset: 1 } });
  expect(answers.get(2)).toMatchObject({ type: 'reply', data: { offset: 2 } });
  expect(answers.get(3)).toMatchObject({ type: 'error', error: 'invalid' });
  expect(answers.get(4)).toMatchObject({ type: 'error', error: 'unexpected_frame' });
  expect(answers.get(5)).toMatchObject({ type: 'error', code: 2101 });
  expect(answers.get(undefined)).toMatchObject({ type: 'error', error: 'malformed' });
  const history = await ask([{ type: 'history', ref: 9, log: 'ch:hall' }]);
  expect(history.frames).toMatchObject([{ ref: 9, data: { head: 2, items: [{ offset: 1 }, { offset: 2 }] } }]);
});

// proves TR-5
test('requests count against the same rates as frames of a connection', async () => {
  await h.close();
  h = startHarness({ rateLimits: true });
  const since = h.clock.now();
  await h.clock.advance(1_000);
  const spoken = await ask(
    Array.from({ length: 11 }, (_, i) => publish(`${i}`, i + 1, since + 500)),
    since,
  );
  expect(spoken.of('error')).toMatchObject([{ error: 'rate_limited' }]);
  const written = await ask(
    Array.from({ length: 20 }, (_, i) => publish(`${i}`, i + 1, since - 60_000)),
    since,
  );
  expect(written.of('reply')).toHaveLength(20);
  let refused = 0;
  for (let i = 0; i < 20; i++) {
    const heartbeats = Array.from({ length: 32 }, () => ({ type: 'heartbeat', nonce: 1 }));
    refused += (await ask(heartbeats)).of('error').length;
  }
  expect(refused).toBeGreaterThan(200);
});

// proves TR-10
test('connections are counted by transport', async () => {
  await h.connect('mere');
  await open('rangi');
  await round('hone', poll());
  const text = await h.server.node.metrics.registry.getSingleMetricAsString('konferenco_transport_connections');
  for (const transport of ['websocket', 'sse', 'poll']) expect(text).toContain(`{transport="${transport}"} 1`);
});
