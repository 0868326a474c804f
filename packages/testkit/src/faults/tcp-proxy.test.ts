import { afterEach, describe, expect, test } from 'bun:test';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { VirtualClock } from '../virtual-clock.ts';
import { TcpProxy, type TcpProxyOptions } from './tcp-proxy.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

describe('a TCP proxy', () => {
  test('carries bytes both ways, and the end of a stream', async () => {
    const { proxy } = await start();
    const client = await dial(proxy);
    client.write('hello ');
    client.write('there');
    await client.heard('hello there');
    client.socket.end();
    await client.ended;
    expect(client.text).toBe('hello there');
    expect(client.wasReset).toBe(false);
  });

  test('cuts every connection with a reset on both ends, and takes new ones', async () => {
    const { proxy, server } = await start();
    const clients = [await dial(proxy), await dial(proxy)];
    for (const client of clients) await client.echo('a');
    expect(proxy.cut()).toBe(2);
    for (const client of clients) await client.ended;
    expect(clients.map(({ wasReset }) => wasReset)).toEqual([true, true]);
    await server.empty();
    expect(proxy.connections).toBe(0);
    await (await dial(proxy)).echo('b');
  });

  test('leads to another server once it is told to', async () => {
    const { proxy } = await start();
    const other = new EchoServer();
    open.push(other);
    const port = await other.listen();
    const before = await dial(proxy);
    await before.echo('a');
    proxy.aim(port);
    await before.ended;
    await (await dial(proxy)).echo('b');
    expect(other.text).toBe('b');
  });

  test('refuses new connections and leaves those that stand, until it is healed', async () => {
    const { proxy, server } = await start();
    const standing = await dial(proxy);
    await standing.echo('a');
    proxy.refuse();
    const refused = await dial(proxy);
    await refused.ended;
    await standing.echo('b');
    expect(server.accepted).toBe(1);
    proxy.heal();
    await (await dial(proxy)).echo('c');
  });

  test('stalls without losing a byte, and goes on in order', async () => {
    const { proxy } = await start();
    const client = await dial(proxy);
    await client.echo('a');
    proxy.stall();
    const body = 'x'.repeat(3_000_000);
    client.write(body);
    await client.pressedBack();
    expect(client.text).toBe('a');
    proxy.heal();
    await client.heard(`a${body}`);
  });

  test('stalls one direction alone', async () => {
    const { proxy, server } = await start();
    const client = await dial(proxy);
    await client.echo('a');
    proxy.stall('down');
    client.write('b');
    await server.heard('ab');
    expect(client.text).toBe('a');
    proxy.heal();
    await client.heard('ab');
  });

  test('hides the end of the server while it is stalled, and tells of it when healed', async () => {
    const { proxy, server } = await start();
    const client = await dial(proxy);
    await client.echo('a');
    proxy.stall();
    server.drop();
    await server.empty();
    client.write('b');
    await waitFor(() => proxy.held === 1);
    expect(proxy.connections).toBe(1);
    proxy.heal();
    await client.ended;
    expect(client.wasReset).toBe(true);
  });

  test('silences one direction: its bytes vanish, and healing resets whoever lost some', async () => {
    const { proxy, server } = await start();
    const [talker, quiet] = [await dial(proxy), await dial(proxy)];
    await talker.echo('a');
    await quiet.echo('q');
    proxy.silence('down');
    talker.write('b');
    await server.heard('ab');
    await waitFor(() => proxy.lost === 1);
    expect(talker.text).toBe('a');
    proxy.heal();
    await talker.ended;
    expect(talker.wasReset).toBe(true);
    await quiet.echo('r');
  });

  test('delays every chunk by the time given', async () => {
    const clock = new VirtualClock();
    const { proxy, server } = await start({ clock });
    const client = await dial(proxy);
    proxy.delay(100);
    client.write('a');
    await waitFor(() => proxy.held === 1);
    await clock.advance(99);
    expect(proxy.held).toBe(1);
    await clock.advance(1);
    await server.heard('a');
    await waitFor(() => proxy.held === 1);
    await clock.advance(100);
    await client.heard('a');
  });

  test('spreads delays the same way for the same seed', async () => {
    const arrivals = async (seed: number) => {
      const clock = new VirtualClock();
      const { proxy } = await start({ clock, seed });
      proxy.delay(0, 1000);
      const client = await dial(proxy);
      const times: number[] = [];
      for (const text of ['a', 'b', 'c']) {
        client.write(text);
        await waitFor(() => proxy.held === 1);
        const begin = clock.now();
        await clock.runUntil(() => proxy.held === 0);
        times.push(clock.now() - begin);
        await waitFor(() => proxy.held === 1);
        await clock.runUntil(() => proxy.held === 0);
      }
      return times;
    };
    const first = await arrivals(3);
    expect(await arrivals(3)).toEqual(first);
    expect(await arrivals(4)).not.toEqual(first);
  });

  test('throttles to the rate given', async () => {
    const clock = new VirtualClock();
    const { proxy, server } = await start({ clock });
    const client = await dial(proxy);
    proxy.throttle(1000);
    client.write('x'.repeat(500));
    await server.received(20);
    expect(proxy.held).toBe(480);
    await clock.advance(240);
    await server.received(260);
    expect(server.text.length).toBe(260);
    proxy.heal();
    await server.received(500);
  });
});

async function start(options: Omit<TcpProxyOptions, 'target'> = {}) {
  const server = new EchoServer();
  open.push(server);
  const proxy = await TcpProxy.start({ ...options, target: await server.listen() });
  open.push(proxy);
  return { proxy, server };
}

/** Answers with what it hears. */
class EchoServer {
  text = '';
  accepted = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #wake = Promise.withResolvers<void>();

  constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.accepted++;
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#changed();
      });
      socket.on('data', (bytes) => {
        this.text += bytes;
        socket.write(bytes);
        this.#changed();
      });
    });
  }

  listen(): Promise<number> {
    return new Promise((resolve) =>
      this.#server.listen(0, '127.0.0.1', () => resolve((this.#server.address() as AddressInfo).port)),
    );
  }

  /** Waits until it has heard this, from all clients together, in whatever order. */
  heard(text: string): Promise<void> {
    return this.#until(() => [...text].every((letter) => this.text.includes(letter)));
  }

  received(bytes: number): Promise<void> {
    return this.#until(() => this.text.length >= bytes);
  }

  empty(): Promise<void> {
    return this.#until(() => this.#sockets.size === 0);
  }

  /** Resets every connection. */
  drop(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#wake.promise;
  }

  #changed(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}

class Dialled {
  readonly socket: Socket;
  readonly ended: Promise<void>;
  text = '';
  wasReset = false;
  #wake = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.text += bytes;
      this.#wake.resolve();
      this.#wake = Promise.withResolvers<void>();
    });
    socket.on('error', () => {
      this.wasReset = true;
    });
    this.ended = new Promise((resolve) => socket.on('close', () => resolve()));
  }

  write(text: string): void {
    this.socket.write(text);
  }

  async heard(text: string): Promise<void> {
    while (this.text.length < text.length) await this.#wake.promise;
    expect(this.text === text).toBe(true);
  }

  async echo(text: string): Promise<void> {
    this.write(text);
    await this.heard(this.text + text);
  }

  /** Resolves when nothing more was taken from here for some turns of the event loop, though more waits. */
  async pressedBack(): Promise<void> {
    let before = -1;
    for (let same = 0; same < 50; same++) {
      await turn();
      if (this.socket.bytesWritten !== before) same = 0;
      before = this.socket.bytesWritten;
    }
  }
}

function dial(proxy: TcpProxy): Promise<Dialled> {
  return new Promise((resolve) => {
    const socket = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true }, () => resolve(dialled));
    const dialled = new Dialled(socket);
    open.push({ close: () => socket.destroy() });
  });
}

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
