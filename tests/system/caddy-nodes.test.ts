import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Caddy, freePort, startCaddy } from '@konferenco/testkit/servers';

/** A node that answers every request with its name. */
function fakeNode() {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (_, self) => new Response(`node-${self.port}`) });
  return { port: Number(server.port), name: `node-${server.port}`, stop: () => server.stop(true) };
}

const nodes = [fakeNode(), fakeNode(), fakeNode()] as const;
const [first, second, third] = nodes;
let caddy: Caddy;
let port: number;

beforeAll(async () => {
  port = await freePort();
  caddy = await startCaddy({ port, upstreams: nodes.map((node) => node.port) });
}, 120_000);
afterAll(async () => {
  await caddy.stop();
  for (const node of nodes) await node.stop();
});

async function answerOf(path: string, cookie: string): Promise<string> {
  const answer = await fetch(`https://localhost:${port}${path}`, {
    headers: { Cookie: cookie },
    tls: { ca: caddy.ca },
  });
  return answer.text();
}

test('a socket is led to the node in its cookie, among other cookies too', async () => {
  for (const { name } of nodes) {
    for (let n = 0; n < 5; n++) expect(await answerOf('/ws', `a=b; konferenco_ws_node=${name}; c=d`)).toBe(name);
  }
});

test('other requests go to any node', async () => {
  const seen = new Set<string>();
  for (let n = 0; n < 60; n++) seen.add(await answerOf('/api/server', `konferenco_ws_node=${first.name}`));
  expect(seen.size).toBe(3);
});

test('a cookie that names no node of ours does not choose where the proxy connects to', async () => {
  const stranger = fakeNode();
  for (const value of [stranger.name, `127.0.0.1:${stranger.port}`, 'node-', `${stranger.name}/x`]) {
    for (let n = 0; n < 5; n++) expect(await answerOf('/ws', `konferenco_ws_node=${value}`)).not.toBe(stranger.name);
  }
  await stranger.stop();
});

test('when the node in the cookie is gone, another one takes the socket', async () => {
  await third.stop();
  for (let n = 0; n < 5; n++) {
    expect([first.name, second.name]).toContain(await answerOf('/ws', `konferenco_ws_node=${third.name}`));
  }
});
