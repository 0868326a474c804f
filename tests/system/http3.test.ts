import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { connect } from 'node:tls';
import { TestServer } from '@konferenco/testkit';
import { type Caddy, freePort, startCaddy } from '@konferenco/testkit/servers';
import { type Browser, chromium } from 'playwright-core';
import { CHROMIUM } from '../../tools/lib/chromium.ts';

setDefaultTimeout(60_000);

const [port, upstream] = await Promise.all([freePort(), freePort()]);
const site = `https://localhost:${port}`;
let server: TestServer;
let caddy: Caddy;
let browser: Browser;

beforeAll(async () => {
  server = await TestServer.start({ storage: 'disk', port: upstream, env: { KONFERENCO_PUBLIC_URL: site } });
  caddy = await startCaddy({ port, upstreams: [upstream] });
  browser = await startHttp3Browser(await certificateHash(caddy.ca));
});
afterAll(async () => {
  await browser.close();
  await caddy.stop();
  await server.stop();
});

/** SHA-256 of the public key in the certificate that Caddy shows, as Chromium takes it. */
async function certificateHash(ca: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca });
  await once(socket, 'secureConnect');
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
  socket.destroy();
  return createHash('sha256')
    .update(key ?? '')
    .digest('base64');
}

/** A Chromium that speaks HTTP/3 to the site from the first request. @throws {Error} saying what to install. */
async function startHttp3Browser(certificate: string): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`no Chromium at ${CHROMIUM}: install it (Debian: apt-get install chromium) or set CHROMIUM`);
  }
  // Caddy listens on IPv4 alone here.
  const address = '--host-resolver-rules=MAP localhost 127.0.0.1';
  const quic = [
    address,
    `--origin-to-force-quic-on=localhost:${port}`,
    `--ignore-certificate-errors-spki-list=${certificate}`,
  ];
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--enable-quic', ...quic, ...quiet],
  });
}

/** The SDK as one script that leaves its exports in `sdk`. */
async function sdkScript(): Promise<string> {
  const entry = resolve(import.meta.dir, '../../packages/client/src/index.ts');
  const built = await Bun.build({ entrypoints: [entry], target: 'browser', format: 'esm', minify: true });
  const [output] = built.outputs;
  const code = (await output?.text()) ?? '';
  const named = code.replace(/export\s*\{([^}]*)\};?\s*$/, (_, names: string) => {
    const members = names.split(',').map((name) => {
      const [inner = '', outer = inner] = name.trim().split(/\s+as\s+/);
      return `${JSON.stringify(outer)}:${inner}`;
    });
    return `globalThis.sdk={${members.join(',')}};`;
  });
  return `(()=>{${named}})()`;
}

/** What the page's script does: signs in, connects without a WebSocket, says something and waits until it comes back. */
function talkInPage(invite: string, channel: string): string {
  return `(async () => {
    const client = sdk.createClient({
      url: location.origin,
      environment: { openSocket: () => {
        const socket = { send() {}, close() {}, onopen: null, onmessage: null, onclose: null, buffered: 0 };
        setTimeout(() => socket.onclose?.(1006, ''));
        return socket;
      } },
    });
    await client.signIn({ name: 'Olga', invite: ${JSON.stringify(invite)} });
    await client.connect();
    const conversation = client.channel(${JSON.stringify(channel)});
    await conversation.open();
    const heard = new Promise((resolve) => client.on('message', ({ item }) => resolve(item.envelope?.payload.text)));
    const sent = await conversation.send('by HTTP/3');
    const text = await heard;
    const link = client.link;
    await client.close();
    return { link, text, offset: sent.offset };
  })()`;
}

// proves TR-12
test('a real browser talks over event stream and requests by HTTP/3, through the shipped configuration', async () => {
  const page = await browser.newPage();
  const protocols = new Map<string, Set<string>>();
  const devtools = await page.context().newCDPSession(page);
  devtools.on('Network.responseReceived', ({ response }) => {
    const { pathname } = new URL(response.url);
    protocols.set(pathname, (protocols.get(pathname) ?? new Set()).add(response.protocol ?? ''));
  });
  await devtools.send('Network.enable');
  await page.goto(`${site}/api/server`);
  await page.evaluate(await sdkScript());
  const result = await page.evaluate(talkInPage(await server.ownerInvite(), 'main-general'));
  expect(result).toEqual({ link: { kind: 'online', transport: 'sse' }, text: 'by HTTP/3', offset: 1 });
  for (const path of ['/api/server', '/api/session', '/api/stream', '/api/frames']) {
    expect([path, ...(protocols.get(path) ?? [])]).toEqual([path, 'h3']);
  }
  const entries = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter((entry) => entry.name.endsWith('/api/frames'))
      .map((entry) => (entry as PerformanceResourceTiming).nextHopProtocol),
  );
  expect(new Set(entries)).toEqual(new Set(['h3']));
});
