import { afterAll, beforeAll, expect, test } from 'bun:test';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Tokens } from '@konferenco/protocol';
import { TestServer } from '@konferenco/testkit';
import { type Caddy, freePort, startCaddy } from '@konferenco/testkit/servers';
import { Peer } from './support/peer.ts';
import { RawSocket, upgradeText } from './support/raw-socket.ts';

const [port, upstream] = await Promise.all([freePort(), freePort()]);
const site = `https://localhost:${port}`;
let server: TestServer;
let caddy: Caddy;
let owner: Tokens;

beforeAll(async () => {
  server = await TestServer.start({ storage: 'disk', port: upstream, env: { KONFERENCO_PUBLIC_URL: site } });
  caddy = await startCaddy({ port, upstreams: [upstream] });
  const body = JSON.stringify({ name: 'Olga', invite: await server.ownerInvite() });
  owner = (await (await call('POST', '/api/session', { body })).json()) as Tokens;
}, 120_000);

afterAll(async () => {
  await caddy.stop();
  await server.stop();
}, 180_000);

function call(
  method: string,
  path: string,
  { body, token }: { body?: string; token?: string } = {},
): Promise<Response> {
  return fetch(site + path, {
    method,
    tls: { ca: caddy.ca },
    headers: {
      'Content-Type': 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body }),
  });
}

async function secure(options: { minVersion?: 'TLSv1.2'; maxVersion?: 'TLSv1.2' } = {}): Promise<TLSSocket> {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: caddy.ca,
    ALPNProtocols: ['http/1.1'],
    ...options,
  });
  await once(socket, 'secureConnect');
  return socket;
}

async function openSocket(origin: string): Promise<RawSocket> {
  const { url, ticket } = (await (await call('POST', '/api/connect', { token: owner.access_token })).json()) as {
    url: string;
    ticket: string;
  };
  expect(url).toBe(`wss://localhost:${port}/ws`);
  const socket = new RawSocket(await secure());
  const request = upgradeText({ port, path: `/ws?ticket=${ticket}`, headers: { Origin: origin } });
  socket.write(request.replace('Host: 127.0.0.1', 'Host: localhost'));
  await socket.answered;
  return socket;
}

test('pages and REST come over TLS 1.3, with the headers that protect them', async () => {
  const me = await call('GET', '/api/me', { token: owner.access_token });
  expect(((await me.json()) as { user: unknown }).user).toMatchObject({ name: 'Olga' });
  expect(me.headers.get('strict-transport-security')).toContain('max-age=31536000');
  expect(me.headers.get('content-security-policy')).toContain("default-src 'self'");
  expect(me.headers.get('server')).toBeNull();
  const socket = await secure();
  expect(socket.getProtocol()).toBe('TLSv1.3');
  socket.destroy();
});

test('TLS 1.2 is refused', async () => {
  await expect(secure({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })).rejects.toThrow();
});

test('REST is there over HTTP/2', async () => {
  const session = connectHttp2(site, { ca: caddy.ca });
  const stream = session.request({ ':path': '/api/server' });
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  expect(headers[':status']).toBe(200);
  let text = '';
  for await (const chunk of stream) text += chunk;
  expect(JSON.parse(text)).toMatchObject({ name: 'Konferenco', demo: false });
  session.close();
});

test('a socket opens through it for a page of the site, and messages go both ways', async () => {
  const socket = await openSocket(site);
  expect((await socket.answered).status).toBe(101);
  const peer = new Peer(owner.user.id, socket);
  await peer.ask('hello', {});
  await peer.ask('subscribe', { logs: ['ch:main-general'] });
  const heard = new Promise((resolve) => {
    peer.onFrame = (frame) => frame.type === 'message' && resolve(frame.items[0]?.envelope?.payload['text']);
  });
  await peer.publish({ type: 'channel', id: 'main-general' }, 'through the proxy');
  expect(await heard).toBe('through the proxy');
  await peer.close();
});

// proves GW-5
test('a page of another site opens none', async () => {
  const socket = await openSocket('https://evil.example');
  expect((await socket.answered).status).toBe(403);
  socket.cut();
});

test("the operator's figures stay inside", async () => {
  expect((await call('GET', '/metrics')).status).toBe(404);
  expect((await fetch(`${server.httpUrl}/metrics`)).status).toBe(200);
});

test('a peer that is silent, before or after the handshake, is cut', async () => {
  const [mute, secured] = [connectTcp(port, '127.0.0.1'), await secure()];
  for (const socket of [mute, secured]) socket.on('error', () => undefined).resume();
  await Promise.all([once(mute, 'close'), once(secured, 'close')]);
}, 90_000);

test('a peer that dribbles its request is cut', async () => {
  const socket = await secure();
  socket.on('error', () => undefined).resume();
  const text = `GET /api/server HTTP/1.1\r\nHost: localhost:${port}\r\nX-Slow: ${'x'.repeat(200)}\r\n\r\n`;
  let sent = 0;
  const dribble = setInterval(() => socket.write(text[sent++] ?? ''), 200);
  await once(socket, 'close');
  clearInterval(dribble);
  expect(sent).toBeLessThan(text.length);
}, 90_000);
