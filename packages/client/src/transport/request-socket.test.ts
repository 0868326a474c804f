import { beforeEach, expect, test } from 'bun:test';
import { CLOSE_CODES, type ClientFrame, ERROR_CODES, type ServerFrame } from '@konferenco/protocol';
import { settle, VirtualClock } from '../testing/virtual-clock.ts';
import { openFallback } from './fallback.ts';
import type { RequestSocket } from './request-socket.ts';
import { FIRST_EVENT_MS, RENEW_MS } from './sse.ts';

/** A request that was made and waits for what the test answers. */
interface Asked {
  readonly path: string;
  readonly body: Record<string, unknown> & { frames?: ClientFrame[] };
  readonly signal: AbortSignal | null;
  readonly token: string;
  answer(status: number, body?: unknown): Promise<void>;
  /** Answers as a stream, or writes more of it. */
  write(...frames: ServerFrame[]): Promise<void>;
  writeText(text: string): Promise<void>;
  end(): Promise<void>;
  fail(): Promise<void>;
}

let clock: VirtualClock;
let asked: Asked[];
let heard: ServerFrame[];
let closed: [number, string][];

beforeEach(() => {
  clock = new VirtualClock();
  asked = [];
  heard = [];
  closed = [];
});

function fetchByHand(url: string, init: RequestInit = {}): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const write = async (text: string) => {
    if (!controller) {
      const body = new ReadableStream<Uint8Array>({
        start: (own) => {
          controller = own;
        },
      });
      resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
    }
    controller?.enqueue(new TextEncoder().encode(text));
    await settle();
  };
  init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
  asked.push({
    path: new URL(url).pathname,
    body: JSON.parse(String(init.body)),
    signal: init.signal ?? null,
    token: new Headers(init.headers).get('authorization') ?? '',
    writeText: write,
    write: (...frames) => write(frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join('')),
    async answer(status, body) {
      resolve(new Response(JSON.stringify(body), { status }));
      await settle();
    },
    async end() {
      controller?.close();
      await settle();
    },
    async fail() {
      reject(new TypeError('no network'));
      await settle();
    },
  });
  return promise;
}

async function open(kind: 'sse' | 'poll'): Promise<RequestSocket> {
  const socket = openFallback(kind, {
    environment: {
      now: clock.now,
      after: clock.after,
      random: () => 0.5,
      randomBytes: (count) => new Uint8Array(count),
      fetch: fetchByHand,
    },
    access: { url: 'https://talk.test/', token: 'Tāne' },
  });
  socket.onmessage = (text) => heard.push(JSON.parse(text));
  socket.onclose = (code, reason) => closed.push([code, reason]);
  socket.onopen = () => say(socket, { type: 'hello', ref: 10 });
  await clock.pass(1);
  return socket;
}

function say(socket: RequestSocket, frame: ClientFrame): void {
  socket.send(JSON.stringify(frame));
}

const greeting: ServerFrame = {
  type: 'reply',
  ref: 1,
  data: { user_id: 'mere', device_id: 'd', epoch: 'e', server_time: 7, inbox: { head: 0 } },
};
const standing = (log: string, head: number): ServerFrame => ({
  type: 'reply',
  ref: 2,
  data: { logs: { [log]: { first: 1, head } } },
});

const publish = (ref: number): ClientFrame => ({
  type: 'publish',
  ref,
  envelope: {
    id: '0198c5a0-0000-7000-8000-000000000000',
    type: 'chat',
    subtype: 'channel_message',
    from: { user_id: 'mere' },
    to: { type: 'channel', id: 'a' },
    payload: { text: 'x' },
    timestamp: 1,
  },
});

function nth(index: number): Asked {
  const one = asked[index];
  if (!one) throw new Error(`only ${asked.length} requests were made`);
  return one;
}

test('credentials are in a header, never in an address', async () => {
  await open('sse');
  expect(nth(0)).toMatchObject({ path: '/api/stream', token: 'Bearer T%C4%81ne' });
});

// proves TR-2
test('a stream that brings no event for six seconds is held back; one that is late but comes is not', async () => {
  const late = await open('sse');
  await clock.pass(FIRST_EVENT_MS - 100);
  await nth(0).write(greeting);
  await clock.pass(FIRST_EVENT_MS);
  expect([closed, late.failure]).toEqual([[], 'unknown']);
  const held = await open('sse');
  await clock.pass(FIRST_EVENT_MS);
  expect(closed).toEqual([[1006, '']]);
  expect(held.failure).toBe('blocked');
  expect(nth(1).signal?.aborted).toBe(true);
});

// proves TR-2
test.each([
  ['nothing answers', (one: Asked) => one.fail(), 1006, 'unreachable'],
  ['a page of somebody else answers', (one: Asked) => one.answer(403, '<h1>No</h1>'), 1006, 'blocked'],
  ['a server without this answers', (one: Asked) => one.answer(404, ERROR_CODES.not_found), 1006, 'blocked'],
  [
    'the server has too much to do',
    (one: Asked) => one.answer(503, { ...ERROR_CODES.overloaded, error: 'overloaded', retry_after_ms: 9_100 }),
    CLOSE_CODES.draining.code,
    'refused',
  ],
  [
    'the token has ended',
    (one: Asked) => one.answer(401, { ...ERROR_CODES.token_expired, error: 'token_expired' }),
    CLOSE_CODES.token_expired.code,
    'refused',
  ],
  ['the person was removed', (one: Asked) => one.answer(403, { code: 2104, error: 'banned' }), 4301, 'refused'],
] as const)('%s: the way is judged by that', async (_, answer, code, failure) => {
  for (const kind of ['sse', 'poll'] as const) {
    asked = [];
    closed = [];
    const socket = await open(kind);
    await answer(nth(0));
    expect(closed.map(([first]) => first)).toEqual([code]);
    if (!(kind === 'poll' && failure === 'blocked')) expect(socket.failure).toBe(failure);
    if (code === CLOSE_CODES.draining.code) expect(closed[0]?.[1]).toBe('10');
  }
});

// proves TR-7
test('another subscription begins the next stream, and the one before ends once that is answered', async () => {
  const socket = await open('sse');
  await nth(0).write(greeting);
  say(socket, { type: 'subscribe', ref: 11, logs: ['ch:a'] });
  say(socket, { type: 'watch', ref: 12, users: ['hone'] });
  await clock.pass(20);
  expect(nth(1).body).toMatchObject({ hello: { inbox: 0 }, subscribe: { logs: ['ch:a'] }, watch: { users: ['hone'] } });
  await nth(1).write(greeting, standing('ch:a', 4));
  expect(nth(0).signal?.aborted).toBe(false);
  await nth(1).write({ type: 'reply', ref: 3, data: {} });
  expect(nth(0).signal?.aborted).toBe(true);
  expect(heard.map((frame) => 'ref' in frame && frame.ref)).toEqual([10, 12, 11]);
  expect(closed).toEqual([]);
});

// proves TR-7
test('a stream is followed by the next before its lease ends, from the position reached', async () => {
  const socket = await open('sse');
  await nth(0).write(greeting);
  say(socket, { type: 'subscribe', ref: 11, logs: ['ch:a'] });
  await clock.pass(20);
  await nth(1).write(greeting, standing('ch:a', 4));
  await nth(1).write({ type: 'message', log: 'ch:a', items: [{ offset: 5, at: 0 }] });
  await clock.pass(RENEW_MS);
  expect(nth(2).body).toMatchObject({ subscribe: { after: { 'ch:a': 5 } } });
  await nth(2).write(greeting, standing('ch:a', 5));
  expect([nth(1).signal?.aborted, nth(2).signal?.aborted, closed]).toEqual([true, false, []]);
  await nth(2).end();
  expect(closed).toEqual([[1006, '']]);
});

test('the end of a stream says why, as the close of a WebSocket does', async () => {
  await open('sse');
  await nth(0).write(greeting);
  await nth(0).writeText('event: close\ndata: {"code":4300,"reason":"gone"}\n\n');
  expect(closed).toEqual([[4300, 'gone']]);
});

// proves TR-6
test('polls follow one another, each from the position reached, none after the end', async () => {
  const socket = await open('poll');
  await nth(0).write(greeting);
  await nth(0).end();
  say(socket, { type: 'subscribe', ref: 11, logs: ['ch:a'] });
  await settle();
  expect(nth(1).body).toMatchObject({ session: '0'.repeat(32), subscribe: { logs: ['ch:a'], after: {} } });
  await nth(1).write(standing('ch:a', 4), { type: 'message', log: 'ch:a', items: [{ offset: 5, at: 0 }] });
  await nth(1).end();
  await clock.pass(250);
  expect(nth(2).body).toMatchObject({ subscribe: { after: { 'ch:a': 5 } } });
  socket.close();
  expect(nth(2).signal?.aborted).toBe(true);
  await clock.pass(10_000);
  expect([asked.length, closed]).toEqual([3, []]);
});

test('requests go up in their order, one after the other, and their answers are heard', async () => {
  const socket = await open('sse');
  await nth(0).write(greeting);
  for (let ref = 20; ref < 23; ref++) say(socket, { type: 'history', ref, log: 'ch:a' });
  await settle();
  for (let ref = 23; ref < 60; ref++) say(socket, { type: 'history', ref, log: 'ch:a' });
  await settle();
  const refs = (one: Asked) => one.body.frames?.map((frame) => 'ref' in frame && frame.ref);
  expect(asked.slice(1).map(refs)).toEqual([[20, 21, 22]]);
  expect(nth(1).body).toMatchObject({ since: 7 });
  await nth(1).write({ type: 'reply', ref: 21, data: 'x' });
  await nth(1).end();
  expect(heard.at(-1)).toEqual({ type: 'reply', ref: 21, data: 'x' });
  expect(refs(nth(2))).toEqual(Array.from({ length: 32 }, (_, index) => 23 + index));
  expect(socket.buffered).toBeGreaterThan(0);
});

test('a refusal for now is the answer of every frame; a lost request loses the connection', async () => {
  const socket = await open('sse');
  await nth(0).write(greeting);
  say(socket, { type: 'history', ref: 20, log: 'ch:a' });
  say(socket, { type: 'ack', inbox: 1 });
  await settle();
  await nth(1).answer(429, { code: 3000, error: 'rate_limited', message: 'slow', retry_after_ms: 50 });
  expect(heard.at(-1)).toMatchObject({ type: 'error', ref: 20, code: 3000, retry_after_ms: 50 });
  say(socket, { type: 'history', ref: 21, log: 'ch:a' });
  await settle();
  await nth(2).fail();
  expect(closed).toEqual([[1006, '']]);
});

test('what waits when it is closed still goes up', async () => {
  const socket = await open('sse');
  await nth(0).write(greeting);
  say(socket, { type: 'ack', inbox: 3 });
  socket.close();
  await settle();
  expect(nth(1).body.frames).toEqual([{ type: 'ack', inbox: 3 }]);
});

test('a message does not overtake those of a request that has no answer when the connection ends', async () => {
  const socket = await open('sse');
  await nth(0).write(greeting);
  say(socket, publish(20));
  await settle();
  say(socket, publish(21));
  say(socket, { type: 'ack', inbox: 3 });
  await nth(0).end();
  await nth(1).fail();
  expect(closed).toHaveLength(1);
  expect(asked.slice(1).map(({ body }) => body.frames?.map(({ type }) => type))).toEqual([['publish'], ['ack']]);
});

// proves DL-24
test('a message without an answer among the others ends the connection, so that nothing overtakes it', async () => {
  const socket = await open('sse');
  await nth(0).write(greeting);
  say(socket, publish(20));
  say(socket, publish(21));
  await settle();
  say(socket, publish(22));
  await nth(1).write({ type: 'reply', ref: 20, data: {} });
  await nth(1).end();
  expect(heard.at(-1)).toEqual({ type: 'reply', ref: 20, data: {} });
  expect(closed).toEqual([[1006, '']]);
  expect(asked.slice(1).map(({ body }) => body.frames?.map(({ type }) => type))).toEqual([['publish', 'publish']]);
});

test('a fresh token authorises the requests after it', async () => {
  const socket = await open('sse');
  await nth(0).write(greeting);
  say(socket, { type: 'auth', ref: 20, token: 'fresh' });
  await settle();
  expect(nth(1)).toMatchObject({ path: '/api/frames', token: 'Bearer fresh' });
});

test('an echo of a heartbeat is no request', async () => {
  const socket = await open('sse');
  say(socket, { type: 'heartbeat', nonce: 1 });
  await settle();
  expect(asked).toHaveLength(1);
});
