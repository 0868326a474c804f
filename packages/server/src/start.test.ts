import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from './config/load.ts';
import { createLog } from './observability/log.ts';
import { type RunningServer, startServer } from './start.ts';

const memory = { PORT: '0', KONFERENCO_STORAGE: 'memory', KONFERENCO_LOG_LEVEL: 'silent' };
const start = (env: Record<string, string> = {}) => {
  const config = loadConfig({ ...memory, ...env }, []);
  return startServer({ config, log: createLog('silent'), seed: false });
};

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A GET with any headers, `Host` included. */
function get(port: number, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, headers }, (incoming) => {
      let body = '';
      incoming.on('data', (chunk) => {
        body += chunk;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

// proves CN-4, CN-13
test('a node with an address of its own lets in the pages of its cluster, and shows what an autoscaler goes by', async () => {
  const server = await start({ KONFERENCO_NODE: 'node-7', KONFERENCO_NODE_URL: 'http://seven.test:8081' });
  expect(server.cluster.self).toBe('node-7');
  expect(server.cluster.nodes().map(({ report: { name, url } }) => [name, url])).toEqual([
    ['node-7', 'http://seven.test:8081'],
  ]);
  const upgrade = (origin: string) => get(server.port, '/ws', { origin });
  expect(await upgrade('http://seven.test:8081')).toMatchObject({ status: 401 });
  expect(await upgrade('http://evil.test')).toMatchObject({ status: 403 });
  const { body } = await get(server.port, '/metrics');
  for (const name of ['connections_per_pod', 'cpu_utilization', 'memory_utilization', 'message_latency_p99'])
    expect(body).toMatch(new RegExp(`^${name} [0-9.e-]+$`, 'm'));
  await server.stop({ drain_ms: 0 });
});

test('servers listen on one port when all are told to share it, and only then', async () => {
  const share = { KONFERENCO_SHARE_PORT: 'yes' };
  const first = await start(share);
  const second = await start({ ...share, PORT: String(first.port) });
  expect(second.port).toBe(first.port);
  await expect(start({ PORT: String(first.port) })).rejects.toThrow();
  await first.stop({ drain_ms: 0 });
  expect((await get(second.port, '/healthz')).status).toBe(200);
  await second.stop({ drain_ms: 0 });
});

describe('a demo server', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop({ drain_ms: 0 }));

  // proves AC-2, AC-17
  test('answers to this machine’s own names only, and tells an operator what to set', async () => {
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      expect(await get(server.port, '/api/server', { host: `${host}:${server.port}` })).toMatchObject({ status: 200 });
    }
    for (const path of ['/', '/api/server', '/ws?token=mallory', '/metrics']) {
      const answer = await get(server.port, path, { host: 'rebound.example.org' });
      expect(answer).toMatchObject({ status: 421 });
      expect(answer.body).toContain('KONFERENCO_PUBLIC_URL');
    }
  });

  test('shows its health, and its metrics to this machine alone', async () => {
    expect(JSON.parse((await get(server.port, '/healthz')).body)).toEqual({ ok: true });
    expect(JSON.parse((await get(server.port, '/readyz')).body)).toMatchObject({ ok: true, draining: false });
    expect((await get(server.port, '/metrics')).body).toContain('konferenco_connections 0');
    expect(await get(server.port, '/metrics', { 'x-forwarded-for': '203.0.113.9' })).toMatchObject({ status: 401 });
  });
});

test('with a metrics token nobody reads metrics without it', async () => {
  const server = await start({ KONFERENCO_METRICS_TOKEN: 'open sesame' });
  expect(await get(server.port, '/metrics')).toMatchObject({ status: 401 });
  expect(await get(server.port, '/metrics', { authorization: 'Bearer open sesamE' })).toMatchObject({ status: 401 });
  expect(await get(server.port, '/metrics', { authorization: 'Bearer open sesame' })).toMatchObject({ status: 200 });
  await server.stop({ drain_ms: 0 });
});

test('a start after a restore takes another epoch, and the next start keeps it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'konferenco-start-'));
  const epochs: string[] = [];
  for (const restored of ['no', 'yes', 'no']) {
    const server = await start({ KONFERENCO_STORAGE: 'disk', KONFERENCO_DATA: dir, KONFERENCO_RESTORED: restored });
    epochs.push(server.context.store.epoch);
    await server.stop({ drain_ms: 0 });
  }
  expect(epochs[1]).not.toBe(epochs[0]);
  expect(epochs[2]).toBe(epochs[1]);
  rmSync(dir, { recursive: true });
});

test('a server for strangers takes no bare names and invites its owner once', async () => {
  const server = await start({ KONFERENCO_PUBLIC_URL: 'https://talk.example.org' });
  expect(server.url).toBe('https://talk.example.org');
  expect(server.ownerInvite).toMatch(/\w/);
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Mallory' }),
  });
  expect(await answer.json()).toMatchObject({ error: 'invite_invalid' });
  await server.stop({ drain_ms: 0 });
});
