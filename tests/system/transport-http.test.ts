import { afterAll, beforeAll, expect, test } from 'bun:test';
import { LIMITS } from '@konferenco/protocol';
import { TestServer } from '@konferenco/testkit';
import { until } from './support/until.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ env: { KONFERENCO_ORIGINS: 'https://friend.example' } });
});
afterAll(() => server.stop());

function post(path: string, body: string, { signal, headers = {} }: RequestInit = {}): Promise<Response> {
  return fetch(server.httpUrl + path, {
    method: 'POST',
    body,
    headers: { authorization: 'Bearer mere', 'content-type': 'application/json', ...(headers as object) },
    ...(signal ? { signal } : {}),
  });
}

const HELLO = JSON.stringify({ hello: { type: 'hello', ref: 1 } });

// proves TR-7
test('a stream on which nothing is said is not cut as idle, and is forgotten once its reader goes', async () => {
  const abort = new AbortController();
  const reader = (await post('/api/stream', HELLO, { signal: abort.signal })).body?.getReader();
  let comments = 0;
  while (comments < 3) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    expect(done).toBe(false);
    if (new TextDecoder().decode(value).includes(':\n\n')) comments++;
  }
  expect((await server.getMetrics()).activeConnections).toBe(1);
  abort.abort();
  await until(async () => (await server.getMetrics()).activeConnections === 0, 'the stream is forgotten');
}, 120_000);

// proves TR-11
test('a body that is too large is refused before it is read', async () => {
  const large = await post('/api/frames', `{"frames":[{"type":"${'x'.repeat(LIMITS.frame_bytes)}"}]}`);
  expect(large.status).toBe(413);
});

// proves TR-11
test('a page of an origin that the operator listed may call, with its preflight; no other may', async () => {
  for (const [origin, allowed] of [
    ['https://friend.example', 'https://friend.example'],
    ['https://evil.example', null],
  ] as const) {
    const preflight = await fetch(`${server.httpUrl}/api/stream`, { method: 'OPTIONS', headers: { origin } });
    expect(preflight.headers.get('access-control-allow-origin')).toBe(allowed);
    const answer = await post('/api/frames', '{"frames":[{"type":"heartbeat","nonce":1}]}', { headers: { origin } });
    expect(answer.status).toBe(allowed ? 200 : 403);
  }
});
