import { beforeEach, expect, test } from 'bun:test';
import type { Authenticator } from '@konferenco/core';
import { LIMITS } from '@konferenco/protocol';
import { Door } from '../gateway/admission.ts';
import { StreamSocket } from '../gateway/stream-socket.ts';
import { StreamTopics } from '../gateway/stream-topics.ts';
import { Metrics } from '../observability/metrics.ts';
import { systemClock } from '../runtime/system.ts';
import { createStreamApp } from './streams.ts';

/** New sessions that the door lets in at once. */
const BURST = 4;
const HELLO = { type: 'hello', ref: 1 };
const BODIES = {
  '/api/stream': { hello: HELLO },
  '/api/poll': { session: 'a'.repeat(16), hello: HELLO },
  '/api/frames': { frames: [{ type: 'heartbeat', nonce: 1 }] },
};
type Path = keyof typeof BODIES;
const PATHS = Object.keys(BODIES) as Path[];

const authenticator: Authenticator = {
  ticket: () => ({ ok: false, error: 'token_invalid' }),
  async token(token) {
    if (token === 'old') return { ok: false, error: 'token_expired' };
    return { ok: true, identity: { user: token, device: 'd', session: 's', expires_at: null } };
  },
};

let door: Door;
let sockets: StreamSocket[];
let app: ReturnType<typeof createStreamApp>;

beforeEach(() => {
  door = new Door({ burst: BURST, per_s: 0.1 }, 100, systemClock.now());
  sockets = [];
  const topics = new StreamTopics({ publish: () => 0 });
  const metrics = new Metrics({
    ...{ connections: () => 0, users: () => 0, logs: () => 0, commitQueue: () => 0, walBytes: () => 0 },
    ...{ indexLag: () => 0, damage: () => 0, streams: () => ({ sse: 0, poll: 0 }) },
  });
  metrics.close();
  app = createStreamApp({
    streams: {
      find: () => undefined,
      open: () => {
        const socket = new StreamSocket({ topics, limit: 1_000 });
        sockets.push(socket);
        return socket;
      },
      begin: () => ({}),
      answer: async () => new TextEncoder().encode('data: {}\n\n'),
    } as never,
    answers: { answer: async () => new TextEncoder().encode('data: {}\n\n') } as never,
    door,
    connections: () => 0,
    authenticator,
    isShutOut: async (user) => user === 'hone',
    clock: systemClock,
    metrics,
    origins: ['https://friend.example'],
    rateLimits: true,
    onFault: (error) => {
      throw error;
    },
  });
});

function post(
  path: Path,
  { token = 'mere', body = JSON.stringify(BODIES[path]), headers = {} } = {},
): Promise<Response> {
  const all = { authorization: `Bearer ${token}`, host: 'talk.example', ...headers };
  return Promise.resolve(app.request(`http://talk.example${path}`, { method: 'POST', body, headers: all }));
}

async function refusal(path: Path, request: Parameters<typeof post>[1]): Promise<unknown[]> {
  const answer = await post(path, request);
  const { error } = (await answer.json()) as { error: string };
  return [answer.status, error];
}

// proves TR-11
test.each(PATHS)('%s wants valid credentials of somebody who was not removed', async (path) => {
  expect(await refusal(path, { headers: { authorization: '' } })).toEqual([401, 'unauthenticated']);
  expect(await refusal(path, { headers: { authorization: 'Basic mere' } })).toEqual([401, 'unauthenticated']);
  expect(await refusal(path, { token: 'old' })).toEqual([401, 'token_expired']);
  expect(await refusal(path, { token: '%' })).toEqual([401, 'token_invalid']);
  expect(await refusal(path, { token: 'hone' })).toEqual([403, 'banned']);
});

// proves TR-11
test.each(PATHS)('%s answers no page of a foreign origin', async (path) => {
  expect(await refusal(path, { headers: { origin: 'https://evil.example' } })).toEqual([403, 'forbidden']);
  expect((await post(path, { headers: { origin: 'http://talk.example' } })).status).toBe(200);
  expect((await post(path, { headers: { origin: 'https://friend.example' } })).status).toBe(200);
});

// proves TR-11
test.each(PATHS)('%s refuses bodies that are no JSON or against the schema', async (path) => {
  expect(await refusal(path, { body: '{' })).toEqual([400, 'malformed']);
  for (const body of ['{}', '[]', 'null', '{"hello":{"type":"subscribe"}}', '{"frames":[]}', '{"frames":[1]}']) {
    expect(await refusal(path, { body })).toEqual([400, 'invalid']);
  }
  const many = { ...BODIES[path], frames: Array(LIMITS.frames_at_once + 1).fill({ type: 'x' }) };
  if (path === '/api/frames') expect(await refusal(path, { body: JSON.stringify(many) })).toEqual([400, 'invalid']);
});

// proves TR-11
test('more new sessions than the door lets in are told when to come back', async () => {
  const paths = Array.from({ length: BURST }, (_, index) => PATHS[index % 2] ?? '/api/stream');
  for (const path of paths) expect((await post(path)).status).toBe(200);
  const answer = await post('/api/stream');
  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await post('/api/frames')).status).toBe(200);
  door.draining = true;
  expect(await refusal('/api/poll', {})).toEqual([503, 'draining']);
});

// proves TR-11
test.each(PATHS)('%s may be neither kept, changed nor held back on the way', async (path) => {
  const { headers } = await post(path);
  expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(headers.get('cache-control')).toBe('no-store, no-transform');
  expect(headers.get('x-accel-buffering')).toBe('no');
  expect(headers.get('content-encoding')).toBeNull();
});

test('a stream gives what waits, and ends in good order or with its reader', async () => {
  const reader = (await post('/api/stream')).body?.getReader();
  sockets[0]?.send('{"type":"one"}');
  sockets[0]?.send('{"type":"two"}');
  const text = async () => new TextDecoder().decode((await reader?.read())?.value);
  expect(await text()).toBe('data: {"type":"one"}\n\ndata: {"type":"two"}\n\n');
  sockets[0]?.close(4100, 'bye');
  expect(await text()).toBe('event: close\ndata: {"code":4100,"reason":"bye"}\n\n');
  expect((await reader?.read())?.done).toBe(true);
  const other = (await post('/api/stream')).body;
  await other?.cancel();
  expect(sockets[1]?.isOpen).toBe(false);
});

test('a name that is not ASCII signs in, percent-encoded', async () => {
  expect((await post('/api/stream', { token: encodeURIComponent('Tāne') })).status).toBe(200);
});
