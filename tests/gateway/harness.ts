import type { PositionStore } from '@konferenco/core';
import { createIdGenerator, type Envelope, type ServerFrame } from '@konferenco/protocol';
import { createMemoryStore, type MemoryStore, type NodeOptions } from '@konferenco/server';
import {
  SeededRandom,
  SimulatedBus,
  SimulatedSockets,
  type SimulatedServer,
  startSimulatedServer,
  VirtualClock,
} from '@konferenco/testkit';

/** A node in virtual time, and plain clients that speak frames to it. */
export interface Harness {
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
  readonly server: SimulatedServer;
  readonly sockets: SimulatedSockets;
  connect(user: string, options?: { hello?: boolean; short?: boolean }): Promise<RawClient>;
  close(): Promise<void>;
}

/** What a node has beside the usual; with `positions`, the clock that they go by. */
export interface HarnessParts {
  readonly clock?: VirtualClock;
  readonly positions?: PositionStore;
}

export function startHarness(options: Partial<NodeOptions> = {}, parts: HarnessParts = {}): Harness {
  const { clock = new VirtualClock(), ...more } = parts;
  const random = new SeededRandom(1);
  const sockets = new SimulatedSockets(clock, random, [1, 1]);
  const store = createMemoryStore({ now: () => clock.now() });
  const bus = new SimulatedBus(clock, random, { delay_ms: [1, 1], lose: 0, double: 0 }).connect('node-1');
  const server = startSimulatedServer({ name: 'node-1', store, bus, clock, random, sockets, options, ...more });
  return {
    clock,
    store,
    server,
    sockets,
    async connect(user, { hello = true, short = false } = {}) {
      const client = new RawClient(user, clock, sockets, server, short);
      await clock.runUntil(() => client.open);
      if (hello && !short) await client.request({ type: 'hello', device_id: 'test' });
      return client;
    },
    async close() {
      await server.close();
      await store.close();
    },
  };
}

type Frame = Record<string, unknown>;

/** A client without any cleverness: sends what it is told, keeps what it gets. */
export class RawClient {
  readonly user: string;
  readonly frames: ServerFrame[] = [];
  open = false;
  closed: { code: number; reason: string } | null = null;
  readonly #clock: VirtualClock;
  readonly #socket: ReturnType<SimulatedSockets['connect']>;
  readonly #newId: () => string;
  #ref = 0;

  constructor(user: string, clock: VirtualClock, sockets: SimulatedSockets, server: SimulatedServer, short: boolean) {
    this.user = user;
    this.#clock = clock;
    this.#newId = createIdGenerator({
      now: () => clock.now(),
      random16: () => crypto.getRandomValues(new Uint8Array(16)),
    });
    this.#socket = sockets.connect(server, `ws://node/ws?token=${user}${short ? '#short' : ''}`);
    this.#socket.onopen = () => {
      this.open = true;
    };
    this.#socket.onmessage = (text) => this.frames.push(JSON.parse(text));
    this.#socket.onclose = (code, reason) => {
      this.closed = { code, reason };
    };
  }

  send(frame: Frame | string): void {
    this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  close(): void {
    this.#socket.close();
  }

  /** Sends a frame with a fresh ref and waits for its reply's data, or the error frame. */
  async request(frame: Frame): Promise<Frame> {
    const ref = ++this.#ref;
    this.send({ ...frame, ref });
    const isAnswer = (one: ServerFrame) => (one.type === 'reply' || one.type === 'error') && one.ref === ref;
    await this.#clock.runUntil(() => this.frames.some(isAnswer) || this.closed !== null);
    const answer = this.frames.find(isAnswer);
    return (answer?.type === 'reply' ? answer.data : answer) as Frame;
  }

  envelope(
    to: Envelope['to'],
    payload: Envelope['payload'],
    subtype = to.type === 'user' ? 'direct_message' : 'channel_message',
  ): Envelope {
    return {
      id: this.#newId(),
      type: 'chat',
      subtype,
      from: { user_id: this.user },
      to,
      payload,
      timestamp: this.#clock.now(),
    };
  }

  say(channel: string, text: string): Promise<Frame> {
    return this.request({ type: 'publish', envelope: this.envelope({ type: 'channel', id: channel }, { text }) });
  }

  tell(user: string, text: string): Promise<Frame> {
    return this.request({ type: 'publish', envelope: this.envelope({ type: 'user', id: user }, { text }) });
  }

  of<T extends ServerFrame['type']>(type: T): Extract<ServerFrame, { type: T }>[] {
    return this.frames.filter((frame): frame is Extract<ServerFrame, { type: T }> => frame.type === type);
  }

  /** Texts of the live items received, in the order of their coming. */
  texts(): string[] {
    return this.frames.flatMap((frame) =>
      frame.type === 'message' || frame.type === 'inbox'
        ? frame.items.map((item) => String(item.envelope?.payload['text']))
        : [],
    );
  }
}
