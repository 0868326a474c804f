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

/** Sockets of one simulated node: a topic registry as Bun has it, over pipes with delay. */
export class SimulatedSockets implements TopicPublisher {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #delay: readonly [number, number];
  readonly #links = new Set<Link>();

  constructor(clock: Clock, random: SeededRandom, delay_ms: readonly [number, number]) {
    this.#clock = clock;
    this.#random = random;
    this.#delay = delay_ms;
  }

  /** Opens a client's socket to `server`. */
  connect(server: SocketServer, url: string): ClientSocket {
    const pipes = [0, 1].map(() => new SimulatedPipe(this.#clock, this.#random, this.#delay));
    const [up, down] = pipes;
    if (!up || !down) throw new Error('two pipes make a link');
    const link = new Link(up, down, () => this.#links.delete(link));
    this.#links.add(link);
    up.carry(() => link.open(server, url));
    return link.client;
  }

  publish(topic: string, text: string): number {
    let least = 1;
    for (const link of this.#links) if (link.server.isSubscribed(topic)) least = Math.min(least, link.server.send(text));
    return least;
  }

  get open(): number {
    return this.#links.size;
  }

  /** Cuts one random link, or all: both ends learn of it, each in its own time; what was under way is lost. */
  cut(which: 'one' | 'all'): void {
    const links = [...this.#links];
    const chosen = which === 'all' || links.length === 0 ? links : [this.#random.pick(links)];
    for (const link of chosen) {
      link.cut((fn) => void this.#clock.after(this.#random.int(...this.#delay), fn));
    }
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
  #serverOpen = false;
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
      send: (text) => up.carry(() => this.#handler?.receive(text)),
      close: (code = 1000, reason = '') => {
        this.#closeClient(code, reason);
        up.carry(() => this.#closeServer(code));
      },
    };
    this.server = {
      send: (text) => {
        if (!this.#serverOpen) return 0;
        down.carry(() => this.#clientOpen && this.client.onmessage?.(text));
        return text.length;
      },
      subscribe: (topic) => this.#topics.add(topic),
      unsubscribe: (topic) => this.#topics.delete(topic),
      isSubscribed: (topic) => this.#serverOpen && this.#topics.has(topic),
      getBufferedAmount: () => 0,
      ping: () => undefined,
      close: (code, reason) => {
        down.carry(() => this.#closeClient(code, reason));
        this.#closeServer(code);
      },
    };
  }

  open(server: SocketServer, url: string): void {
    this.#serverOpen = true;
    this.#handler = server.open(this.server, url);
    if (this.#handler) this.#down.carry(() => this.#clientOpen && this.client.onopen?.());
    else this.server.close(1006, 'refused');
  }

  /** Nothing under way arrives; `later` calls each end's close in its own time. */
  cut(later: (fn: () => void) => void): void {
    this.#up.cut();
    this.#down.cut();
    later(() => this.#closeServer(1006));
    later(() => this.#closeClient(1006, ''));
  }

  #closeServer(code: number): void {
    if (!this.#serverOpen) return;
    this.#serverOpen = false;
    this.#forget();
    this.#handler?.closed(code);
  }

  #closeClient(code: number, reason: string): void {
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    this.#forget();
    this.client.onclose?.(code, reason);
  }
}
