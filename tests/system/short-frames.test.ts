import { expect, test } from 'bun:test';
import type { TestServer } from '@konferenco/testkit';
import { RawSocket } from './support/raw-socket.ts';
import { useServers } from './support/servers.ts';
import { pooled, until } from './support/until.ts';

const startServer = useServers();
const CLIENTS = 1000;
/** All clients post once within this time: the load script's 30 s, ten times as fast. */
const SPREAD_MS = 3000;

interface Delivered {
  readonly from: string;
  readonly text: string;
  readonly timestamp: number;
  readonly offset: number;
}

/** One client of the load script: a bare number as token, no subprotocol, two kinds of frames. */
class LoadClient {
  readonly delivered: Delivered[] = [];
  readonly others: unknown[] = [];
  readonly #socket: RawSocket;

  static async connect(port: number, number: number): Promise<LoadClient> {
    const socket = await RawSocket.open({ port, path: `/ws?token=${number}`, protocol: null });
    const { status, headers } = await socket.answered;
    expect([status, headers.get('sec-websocket-protocol')]).toEqual([101, undefined]);
    return new LoadClient(socket);
  }

  private constructor(socket: RawSocket) {
    this.#socket = socket;
    socket.onText = (text) => {
      const message = JSON.parse(text);
      if (message.type === 'chat') this.delivered.push(message);
      else this.others.push(message);
    };
    socket.send(JSON.stringify({ type: 'subscribe', channel: 'event-main' }));
  }

  post(text: string, timestamp: number): void {
    this.#socket.send(JSON.stringify({ type: 'chat', channel: 'event-main', text, timestamp }));
  }

  get isOpen(): boolean {
    return this.#socket.isOpen;
  }

  cut(): void {
    this.#socket.cut();
  }
}

/** Everybody connects and posts once; returns when the server has taken all posts. */
async function load(server: TestServer): Promise<LoadClient[]> {
  const clients: LoadClient[] = [];
  await pooled(
    Array.from({ length: CLIENTS }, (_, i) => i + 1),
    100,
    async (number) => {
      clients.push(await LoadClient.connect(server.port, number));
    },
  );
  const subscribed = async () => (await server.getMetrics()).samples.get('konferenco_active_logs') === 1;
  await until(subscribed, 'the channel is followed');
  const start = Date.now();
  await Promise.all(
    clients.map(async (client, index) => {
      await Bun.sleep((index / CLIENTS) * SPREAD_MS);
      client.post(`post ${index}`, start + index);
    }),
  );
  const accepted = 'konferenco_messages_accepted_total{type="chat",guarantee="at_least_once"}';
  await until(async () => (await server.getMetrics()).samples.get(accepted) === CLIENTS, 'all posts are taken');
  return clients;
}

// proves PR-11
test('a thousand clients of the load script each get every post, with its timestamp at the top', async () => {
  const server = await startServer({ env: { KONFERENCO_DIGEST_RATE: '1000000' } });
  const clients = await load(server);
  await until(() => clients.every(({ delivered }) => delivered.length >= CLIENTS), 'a million deliveries', 40_000);
  const expected = Array.from({ length: CLIENTS }, (_, index) => `post ${index}`).sort();
  for (const { delivered, others, isOpen } of clients) {
    expect(delivered.map(({ text }) => text).sort()).toEqual(expected);
    expect(delivered.map(({ offset }) => offset)).toEqual(delivered.map((_, index) => index + 1));
    expect(others).toEqual([]);
    expect(isOpen).toBe(true);
  }
  const [client] = clients;
  const start = Math.min(...(client?.delivered.map(({ timestamp }) => timestamp) ?? []));
  for (const { text, timestamp } of client?.delivered ?? []) expect(`post ${timestamp - start}`).toBe(text);
  for (const each of clients) each.cut();
  await server.stop();
}, 300_000);

test('above the digest rate the newest still come, each once, in order and with its timestamp', async () => {
  const server = await startServer({});
  const clients = await load(server);
  const isLast = ({ delivered }: LoadClient) => delivered.at(-1)?.offset === CLIENTS;
  await until(() => clients.every(isLast), 'everybody has the newest');
  for (const { delivered, others } of clients) {
    expect(delivered.length).toBeLessThan(CLIENTS);
    expect(delivered.every(({ timestamp }) => Number.isInteger(timestamp))).toBe(true);
    expect(delivered.every(({ offset }, index) => offset > (delivered[index - 1]?.offset ?? 0))).toBe(true);
    expect(others).toEqual([]);
  }
  for (const each of clients) each.cut();
  await server.stop();
}, 240_000);
