import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '@konferenco/core';
import { SeededRandom } from '../seeded-random.ts';
import { type Flow, TcpPipe } from './tcp-pipe.ts';

/** `up`: from those who connect to the server behind; `down`: from it to them. */
export type Direction = 'up' | 'down';

export interface TcpProxyOptions {
  /** Port of the real server on loopback. */
  readonly target: number;
  /** Port to listen on; a free one by default. */
  readonly port?: number;
  /** Spreads delays; the same seed, the same delays. */
  readonly seed?: number;
  /** Replaced in tests. */
  readonly clock?: Pick<Clock, 'now' | 'after'>;
}

/** A link that can fail: a TCP proxy on loopback between clients and a real server. Whole until told otherwise. */
export class TcpProxy {
  readonly #server: Server;
  readonly #options: Required<TcpProxyOptions>;
  readonly #random: SeededRandom;
  readonly #links = new Set<ProxiedLink>();
  readonly #flows: Readonly<Record<Direction, Flow>> = { up: wholeFlow(), down: wholeFlow() };
  #refusing = false;
  #target: number;

  static async start(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  private constructor({ target, port = 0, seed = 1, clock = SYSTEM_CLOCK }: TcpProxyOptions) {
    this.#options = { target, port, seed, clock };
    this.#target = target;
    this.#random = new SeededRandom(seed);
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => this.#accept(client));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections through the proxy at this moment. */
  get connections(): number {
    return this.#links.size;
  }

  /** Bytes inside the proxy: stalled, delayed or throttled. */
  get held(): number {
    return [...this.#links].reduce((sum, link) => sum + link.held, 0);
  }

  /** Bytes that vanished from the connections that still stand. */
  get lost(): number {
    return [...this.#links].reduce((sum, link) => sum + link.lost, 0);
  }

  /** Resets every connection (RST on both ends). New ones are taken. @returns how many there were. */
  cut(): number {
    const links = [...this.#links];
    for (const link of links) link.reset();
    return links.length;
  }

  /** Leads to another server from now on: connections that stand are reset, new ones go there. */
  aim(target: number): void {
    this.#target = target;
    this.cut();
  }

  /** Resets new connections as soon as they are made; those that stand go on. */
  refuse(): void {
    this.#refusing = true;
  }

  /** No bytes pass, in both directions or one; connections stay open, new ones too, and nothing is lost. */
  stall(...directions: readonly Direction[]): void {
    this.#change(directions, (flow) => {
      flow.mode = 'hold';
    });
  }

  /** The bytes of one direction vanish without a word. Connections that lost some are reset by `heal`. */
  silence(direction: Direction): void {
    this.#change([direction], (flow) => {
      flow.mode = 'drop';
    });
  }

  /** Every chunk of bytes comes `ms` later, and up to `jitter_ms` more. The order stays. */
  delay(ms: number, jitter_ms = 0): void {
    this.#change([], (flow) => {
      flow.delay_ms = ms;
      flow.jitter_ms = jitter_ms;
    });
  }

  /** Each direction of each connection carries this much at the most. */
  throttle(bytes_per_s: number): void {
    this.#change([], (flow) => {
      flow.bytes_per_s = bytes_per_s;
    });
  }

  /** Whole again: what was held goes on, what lost bytes is reset. */
  heal(): void {
    this.#refusing = false;
    for (const link of [...this.#links]) if (link.lost > 0) link.reset();
    this.#change([], (flow) => {
      Object.assign(flow, wholeFlow());
    });
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #change(directions: readonly Direction[], change: (flow: Flow) => void): void {
    for (const direction of directions.length > 0 ? directions : DIRECTIONS) change(this.#flows[direction]);
    for (const link of this.#links) link.pump();
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.#target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    const link: ProxiedLink = new ProxiedLink({
      client,
      server,
      flows: this.#flows,
      clock: this.#options.clock,
      random: () => this.#random.next(),
      ended: () => this.#links.delete(link),
    });
    this.#links.add(link);
  }
}

const DIRECTIONS: readonly Direction[] = ['up', 'down'];

const SYSTEM_CLOCK: Pick<Clock, 'now' | 'after'> = {
  now: () => performance.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

function wholeFlow(): Flow {
  return { mode: 'pass', delay_ms: 0, jitter_ms: 0, bytes_per_s: null };
}

interface LinkOptions {
  readonly client: Socket;
  readonly server: Socket;
  readonly flows: Readonly<Record<Direction, Flow>>;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly random: () => number;
  readonly ended: () => void;
}

/** One connection: two pipes that live and die together. */
class ProxiedLink {
  readonly #options: LinkOptions;
  readonly #pipes: readonly TcpPipe[];

  constructor(options: LinkOptions) {
    const { client, server, flows, clock, random } = options;
    this.#options = options;
    this.#pipes = [
      new TcpPipe({ from: client, to: server, flow: flows.up, clock, random }),
      new TcpPipe({ from: server, to: client, flow: flows.down, clock, random }),
    ];
    for (const end of [client, server]) {
      // A reset is what a proxy of failing links sees all day; `close` follows.
      end.on('error', () => undefined);
      end.on('close', () => this.#settle());
    }
  }

  get held(): number {
    return this.#pipes.reduce((sum, pipe) => sum + pipe.held, 0);
  }

  get lost(): number {
    return this.#pipes.reduce((sum, pipe) => sum + pipe.lost, 0);
  }

  pump(): void {
    this.#settle();
    for (const pipe of this.#pipes) pipe.pump();
  }

  reset(): void {
    const { client, server, ended } = this.#options;
    ended();
    for (const pipe of this.#pipes) pipe.stop();
    for (const end of [client, server]) if (!end.destroyed) end.resetAndDestroy();
  }

  /**
   * An end is gone: the other must hear of it, unless the link is too stalled to tell; then it does once the link is
   * whole.
   */
  #settle(): void {
    const { client, server, flows, ended } = this.#options;
    if (client.destroyed && server.destroyed) return ended();
    if ((client.destroyed && flows.up.mode === 'pass') || (server.destroyed && flows.down.mode === 'pass'))
      this.reset();
  }
}
