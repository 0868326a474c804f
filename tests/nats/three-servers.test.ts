import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { StreamEntry } from '@konferenco/core';
import { freePort, startNats } from '@konferenco/testkit/servers';
import { openNatsStreams } from '../../packages/server/src/adapters/nats/streams.ts';
import { natsOptions } from './support.ts';

let servers: Awaited<ReturnType<typeof startNats>>[] = [];
beforeAll(async () => {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`);
  const among = ['--cluster_name', 'three', '--routes', routes.join(',')];
  const options = (i: number) => ['--server_name', `server-${i}`, '--cluster', `${routes[i]}`, ...among];
  servers = await Promise.all([0, 1, 2].map((i) => startNats({ options: options(i) })));
});
afterAll(() => Promise.all(servers.map((server) => server.stop())));

const entry = (number: number): StreamEntry => ({
  ...{ stream: 'CHAT', event: '', type: 'chat', subtype: 'mention', log: 'ch:a', at: 1, sender: 'ann', envelope: '{}' },
  ...{ offset: number, id: `id-${number}` },
});

test('a node that starts together with three servers waits until they have found together, and gets streams of three copies', async () => {
  const options = natsOptions(servers.map(({ url }) => url).join(','));
  const streams = await openNatsStreams({ ...options, replicas: 3 });
  const all = Array.from({ length: 300 }, (_, i) => entry(i + 1));
  await streams.append(all);
  await streams.append(all.slice(200));
  const chat = (await streams.streamsReport()).find(({ name }) => name === `${options.prefix}_CHAT`);
  expect(chat?.messages).toBe(300);
  await streams.close();
}, 240_000);
