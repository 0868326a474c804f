import type { Clock } from '@konferenco/core';
import type { Socket as ClientSocket } from '@konferenco/client';
import type { GatewaySocket, TopicPublisher } from '@konferenco/server';
import type { SeededRandom } from './seeded-random.ts';
import { SimulatedPipe } from './simulated-network.ts';

/** What a simulated server does with sockets that open, speak and close. */
export interface SocketServer {
  /** The connection's handle, or `null` to refuse the upgrade. */
  open(socket: GatewaySocket, url: string): SocketHandler | null;
}
export interface SocketHandler {
  receive(text: string): void;
  closed(code: number): void;
}

type Delay = readonly [min_ms: number, max_ms: number];

/** Sockets of one simulated node: a topic registry as Bun has it, over pipes with delay. */
export class SimulatedSockets implements TopicPublisher {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #delay: Delay;
  readonly #links = new Set<Link>();

  constructor(clock: Clock, random: SeededRandom, delay_ms: Delay) {
    this.#clock = clock;
    this.#random = random;
    this.#delay = delay_ms;
  }

  /** Opens a client's socket to `server`. */
  connect(server: SocketServer, url: string): ClientSocket {
    const pipe = () => new SimulatedPipe(this.#clock, this.#random, this.#delay);
    const link = new Link(pipe(), pipe(), () => this.#links.delete(link));
    this.#links.add(link);
    link.request(server, url);
    return link.client;
  }

  publish(topic: string, text: string): number {
    let least = 1;
    for (const link of this.#links)
      if (link.server.isSubscribed(topic)) least = Math.min(least, link.server.send(text));
    return least;
  }

  /** Links of which at least one end is not closed. */
  get open(): number {
    return this.#links.size;
  }

  /** Cuts one random link, or all: what was under way is lost, and each end learns of it in its own time. */
  cut(which: 'one' | 'all', learn_ms: Delay = this.#delay): void {
    const links = [...this.#links];
    const chosen = which === 'all' || links.length === 0 ? links : [this.#random.pick(links)];
    for (const link of chosen) {
      link.cut((fn) => void this.#clock.after(this.#random.int(...learn_ms), fn));
    }
  }

  /** The node's process died: its ends are gone without a word, the clients learn of it each in its own time. */
  die(learn_ms: Delay = this.#delay): void {
    for (const link of [...this.#links]) link.abandon();
    this.cut('all', learn_ms);
  }
}

class Link {
  readonly client: ClientSocket;
  readonly server: GatewaySocket;
  readonly #up: SimulatedPipe;
  readonly #down: SimulatedPipe;
  readonly #topics = new Set<string>();
  readonly #forget: () => void;
  #handler: SocketHandler | null = null;
  #server: 'unasked' | 'open' | 'closed' = 'unasked';
  #clientOpen = true;

  constructor(up: SimulatedPipe, down: SimulatedPipe, forget: () => void) {
    this.#up = up;
    this.#down = down;
    this.#forget = forget;
    this.client = {
      onopen: null,
      onmessage: null,
      onclose: null,
      buffered: 0,
      send: (text) => up.carry(() => this.#server === 'open' && this.#handler?.receive(text)),
      close: (code = 1000, reason = '') => {
        this.#closeClient(code, reason);
        up.carry(() => this.#closeServer(code));
      },
    };
    this.server = {
      send: (text) => {
        if (this.#server !== 'open') return 0;
        down.carry(() => this.#clientOpen && this.client.onmessage?.(text));
        return text.length;
      },
      subscribe: (topic) => this.#topics.add(topic),
      unsubscribe: (topic) => this.#topics.delete(topic),
      isSubscribed: (topic) => this.#server === 'open' && this.#topics.has(topic),
      getBufferedAmount: () => 0,
      ping: () => undefined,
      close: (code, reason) => {
        down.carry(() => this.#closeClient(code, reason));
        this.#closeServer(code);
      },
    };
  }

  /** Asks for the upgrade. */
  request(server: SocketServer, url: string): void {
    this.#up.carry(() => {
      if (this.#server !== 'unasked') return;
      this.#server = 'open';
      this.#handler = server.open(this.server, url);
      if (this.#handler) this.#down.carry(() => this.#clientOpen && this.client.onopen?.());
      else this.server.close(1006, 'refused');
    });
  }

  /** Nothing under way arrives; `later` calls each end's close in its own time. */
  cut(later: (fn: () => void) => void): void {
    this.#up.cut();
    this.#down.cut();
    later(() => this.#closeServer(1006));
    later(() => this.#closeClient(1006, ''));
  }

  /** The server's end is gone; nobody there is told. */
  abandon(): void {
    this.#handler = null;
    this.#closeServer(1006);
  }

  #closeServer(code: number): void {
    if (this.#server === 'closed') return;
    this.#server = 'closed';
    if (!this.#clientOpen) this.#forget();
    this.#handler?.closed(code);
  }

  #closeClient(code: number, reason: string): void {
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    if (this.#server === 'closed') this.#forget();
    this.client.onclose?.(code, reason);
  }
}
