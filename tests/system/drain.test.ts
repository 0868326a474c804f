import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type Receipt } from '@konferenco/client';
import { Peer } from './support/peer.ts';
import { RawSocket } from './support/raw-socket.ts';
import { useServers } from './support/servers.ts';
import { until } from './support/until.ts';

const startServer = useServers();
const PEOPLE = 100;
const dir = mkdtempSync(join(tmpdir(), 'konferenco-drain-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Somebody at an SDK client who says one thing after the other. */
class Talker {
  readonly receipts: Receipt[] = [];
  readonly failures: unknown[] = [];
  readonly client;
  #talking = true;
  #loop: Promise<void> = Promise.resolve();

  constructor(name: string, port: number) {
    this.client = createClient({ url: `http://127.0.0.1:${port}`, demoUser: name });
  }

  async start(): Promise<void> {
    await this.client.connect();
    this.#loop = this.#talk();
  }

  stop(): Promise<void> {
    this.#talking = false;
    return this.#loop;
  }

  async #talk(): Promise<void> {
    for (let i = 0; this.#talking; i++) {
      await this.client
        .channel('hall')
        .send(`number ${i}`)
        .then(
          (receipt) => this.receipts.push(receipt),
          (error) => this.failures.push(error),
        );
      await Bun.sleep(20);
    }
  }
}

// proves GW-16
test('a server asked to stop moves everybody on, ends within 30 s, and has kept what it acknowledged', async () => {
  const server = await startServer({ dir, rateLimits: false });
  const { port } = server;
  const people = Array.from({ length: PEOPLE }, (_, index) => new Talker(`person-${index}`, port));
  await Promise.all(people.map((person) => person.start()));
  const witness = await Peer.connect({ user: 'witness', port });
  const load = await RawSocket.open({ port, path: '/ws?token=17', protocol: null });
  const receipts = () => people.flatMap((person) => person.receipts);
  await until(() => receipts().length > 500, 'people talk');

  const asked = Date.now();
  process.kill(server.pid ?? 0, 'SIGTERM');
  await until(() => witness.frames.some((frame) => frame.type === 'migrate'), 'people are asked to move');
  const ready = await fetch(`${server.httpUrl}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ ok: false, draining: true });
  const late = await RawSocket.open({ port, path: '/ws?token=late' });
  const { status, headers } = await late.answered;
  expect([429, 503]).toContain(status);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  late.cut();
  expect((await load.ended).code).toBe(4100);
  // Whoever stays may go on until the end.
  expect(await witness.publish({ type: 'channel', id: 'hall' }, 'still here')).toMatchObject({ log: 'ch:hall' });
  await until(() => people.every(({ client }) => client.link.kind !== 'online'), 'everybody has left');
  witness.socket.cut();
  expect(await server.exited).toBe(0);
  const took = Date.now() - asked;
  console.log(`drain: ${PEOPLE} people moved on and the process ended in ${took} ms`);
  expect(took).toBeLessThan(30_000);

  const next = await startServer({ dir, port, rateLimits: false });
  const spoken = receipts().length;
  await until(() => receipts().length >= spoken + PEOPLE, 'they go on talking at the next server', 60_000);
  await Promise.all(people.map((person) => person.stop()));
  expect(people.flatMap((person) => person.failures)).toEqual([]);
  const reader = await Peer.connect({ user: 'reader', port });
  const stored = (await reader.readAll('ch:hall')).map((item) => `${item.offset} ${item.envelope?.id}`);
  expect(new Set(stored).size).toBe(stored.length);
  // One more than was acknowledged to them: the witness's.
  const acknowledged = receipts().map(({ offset, id }) => `${offset} ${id}`);
  expect(stored).toEqual(expect.arrayContaining(acknowledged));
  expect(stored).toHaveLength(acknowledged.length + 1);
  reader.socket.cut();
  await Promise.all(people.map(({ client }) => client.close()));
  await next.stop();
}, 400_000);

test('at the terminal, who does not move in time is closed, and the process ends all the same', async () => {
  const server = await startServer({});
  const stubborn = await Peer.connect({ user: 'stubborn', port: server.port });
  const asked = Date.now();
  process.kill(server.pid ?? 0, 'SIGINT');
  expect((await stubborn.ended).code).toBe(4100);
  expect(await server.exited).toBe(0);
  expect(Date.now() - asked).toBeLessThan(30_000);
  await server.stop();
}, 180_000);
