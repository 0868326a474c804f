import type { BusRecord, Clock, PresenceDirectory, Random } from '@konferenco/core';
import type { PresenceStatus, ServerFrame } from '@konferenco/protocol';
import type { createMemoryStore, GatewaySocket } from '@konferenco/server';
import { ProcessClock, type SimulatedBus, type SimulatedServer, startSimulatedServer } from '@konferenco/testkit';

/** A connection of one person to one node, as plain frames, and what its presence frames add up to. */
export class Visitor implements GatewaySocket {
  readonly user: string;
  readonly statuses = new Map<string, PresenceStatus>();
  readonly counts = new Map<string, number>();
  /** Names shown in each channel. */
  readonly named = new Map<string, Set<string>>();
  /** Presence frames received. */
  frames = 0;
  readonly #node: PresenceNode;
  readonly #handle: ReturnType<SimulatedServer['open']>;
  #ref = 0;

  readonly #isAttentive: boolean;

  constructor(node: PresenceNode, user: string, isAttentive: boolean) {
    this.user = user;
    this.#isAttentive = isAttentive;
    this.#node = node;
    this.#handle = node.server.open(this, `ws://node/ws?token=${user}`);
    this.say({ type: 'hello', device_id: 'test' });
  }

  say(frame: Record<string, unknown>): void {
    this.#handle?.receive(JSON.stringify({ ref: ++this.#ref, ...frame }));
  }

  hear(...channels: readonly string[]): this {
    this.say({ type: 'subscribe', logs: channels.map((channel) => `ch:${channel}`) });
    return this;
  }

  watch(what: { readonly users?: readonly string[]; readonly channels?: readonly string[] }): this {
    this.say({ type: 'watch', ...what });
    return this;
  }

  set(status: 'online' | 'away' | 'busy'): void {
    this.say({ type: 'presence', status });
  }

  leave(): void {
    this.#handle?.closed(1000);
  }

  send(text: string): number {
    if (!text.startsWith('{"type":"presence"')) return text.length;
    this.frames++;
    this.#node.frames++;
    if (!this.#isAttentive) return text.length;
    const frame = JSON.parse(text) as Extract<ServerFrame, { type: 'presence' }>;
    if (frame.channel === undefined) for (const { user_id, status } of frame.users) this.statuses.set(user_id, status);
    else this.#takeChannel(frame.channel, frame);
    return text.length;
  }

  #takeChannel(channel: string, { count = 0, full, users }: Extract<ServerFrame, { type: 'presence' }>): void {
    this.counts.set(channel, count);
    const named = full ? new Set<string>() : (this.named.get(channel) ?? new Set());
    for (const { user_id, status } of users) {
      if (status === 'offline') named.delete(user_id);
      else named.add(user_id);
    }
    this.named.set(channel, named);
  }

  subscribe(): void {}
  unsubscribe(): void {}
  isSubscribed = () => true;
  getBufferedAmount = () => 0;
  ping(): void {}
  close(code: number): void {
    this.#handle?.closed(code);
  }
}

export interface PresenceNodeOptions {
  readonly name: string;
  readonly bus: Pick<SimulatedBus, 'connect'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: ReturnType<typeof createMemoryStore>;
  readonly presence?: PresenceDirectory;
}

/** A node of which only presence is of interest, and what it says to others. */
export class PresenceNode {
  readonly name: string;
  readonly server: SimulatedServer;
  /** Records of each kind that this node published. */
  readonly said = new Map<BusRecord['kind'], number>();
  /** Presence frames that its connections received. */
  frames = 0;
  readonly #leaveBus: () => Promise<void>;
  readonly #clock: ProcessClock;

  constructor({ name, bus, clock: time, random, store, presence }: PresenceNodeOptions) {
    this.name = name;
    const clock = new ProcessClock(time);
    this.#clock = clock;
    const connected = bus.connect(name);
    this.#leaveBus = () => connected.close();
    const counting = {
      ...connected,
      publish: (record: BusRecord) => {
        this.said.set(record.kind, (this.said.get(record.kind) ?? 0) + 1);
        connected.publish(record);
      },
    };
    const sockets = { publish: () => 1 };
    const directory = presence ? { presence } : {};
    this.server = startSimulatedServer({ name, store, bus: counting, clock, random, sockets, ...directory });
    this.#keepAlive();
  }

  /** Not attentive: counts its frames and does not read them. */
  enter(user: string, isAttentive = true): Visitor {
    return new Visitor(this, user, isAttentive);
  }

  /** Its process is killed: it says nothing to anybody any more, and hears nothing. */
  async die(): Promise<void> {
    this.#clock.stop();
    await this.#leaveBus();
  }

  async stop(): Promise<void> {
    await this.server.close();
    this.#clock.stop();
    await this.#leaveBus();
  }

  /** Everybody connected gives a sign of life now and then, without the frames. */
  #keepAlive(): void {
    this.#clock.after(30_000, () => {
      for (const connection of this.server.node.services.hub.connections()) connection.lastSeen = this.#clock.now();
      this.#keepAlive();
    });
  }
}
