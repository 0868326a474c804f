import type { Bus, Changes, Store } from '@konferenco/core';
import {
  ProcessClock,
  type SeededRandom,
  type SimulatedBus,
  type SimulatedDirectory,
  SimulatedSockets,
  type SimulatedServer,
  type SocketServer,
  startSimulatedServer,
  type VirtualClock,
} from '@konferenco/testkit';

/** A store as a node's process opens it. */
export interface OpenedStore {
  readonly store: Store;
  /** The process dies with it; `null` when the store lives elsewhere. */
  readonly crash: (() => void) | null;
  /** Says what changed in it, where it can. */
  readonly changes?: Changes;
}

export interface NodeProcessOptions {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly bus: SimulatedBus;
  /** `null`: nodes ask each other. */
  readonly directory: SimulatedDirectory | null;
  readonly openStore: () => OpenedStore;
  /** Live entries of a log a second, above which they are named instead of sent. */
  readonly digestRate: number;
  /** Told of a fault in a handler while the process lives. */
  readonly onFault: (error: unknown) => void;
}

interface Running {
  readonly clock: ProcessClock;
  readonly sockets: SimulatedSockets;
  readonly opened: OpenedStore;
  readonly bus: Bus;
  readonly server: SimulatedServer;
  accepting: boolean;
}

/** One node's process: started, killed without a word, or drained, and started again on the same disk. */
export class NodeProcess {
  readonly name: string;
  readonly #options: NodeProcessOptions;
  #running: Running | null = null;

  constructor(options: NodeProcessOptions) {
    this.name = options.name;
    this.#options = options;
    this.start();
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Whether new connections are taken: it runs and does not drain. */
  get isAccepting(): boolean {
    return this.#running?.accepting ?? false;
  }

  /** The node that runs now. */
  get server(): SimulatedServer | undefined {
    return this.#running?.server;
  }

  start(): void {
    if (this.#running) return;
    const { name, random, bus, directory, openStore, digestRate, onFault } = this.#options;
    const clock = new ProcessClock(this.#options.clock);
    // The network outlives the process: what is under way arrives, or not, without it.
    const sockets = new SimulatedSockets(this.#options.clock, random, [1, 60]);
    const opened = openStore();
    const connected = bus.connect(name);
    const running = () => this.#running?.clock === clock;
    const server = startSimulatedServer({
      ...{ name, store: opened.store, bus: connected, clock, random, sockets },
      ...(directory ? { presence: directory.connect(name) } : {}),
      ...(opened.changes ? { changes: opened.changes } : {}),
      onFault: (error) => running() && onFault(error),
      options: { digestRate },
    });
    this.#running = { clock, sockets, opened, bus: connected, server, accepting: true };
  }

  /** A client's socket to this node. */
  connect(url: string): ReturnType<SimulatedSockets['connect']> {
    const { sockets, server } = this.#must();
    const door: SocketServer = { open: (socket, address) => (this.isAccepting ? server.open(socket, address) : null) };
    return sockets.connect(door, url);
  }

  /** Cuts one of its links; each end learns of it within `learn_ms`. */
  cut(which: 'one' | 'all', learn_ms: readonly [number, number]): void {
    this.#running?.sockets.cut(which, learn_ms);
  }

  /** Dies at once: its timers stand still, its sockets are gone, what it was about to write may or may not be on disk. */
  crash(): void {
    if (!this.#running) return;
    const { clock, sockets, opened, bus, server } = this.#running;
    this.#running = null;
    clock.stop();
    opened.crash?.();
    void bus.close();
    sockets.die([1, 5_000]);
    server.node.metrics.close();
  }

  /** Leaves as an operator would have it leave: its clients move, what it holds is stored. */
  async drain(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    running.accepting = false;
    await running.server.node.gateway.drain(10_000);
    if (this.#running !== running) return;
    await this.stop();
  }

  /** Closes the node and what it holds. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = null;
    await running.server.close();
    await running.bus.close();
    if (running.opened.crash) await running.opened.store.close();
    running.clock.stop();
  }

  #must(): Running {
    if (!this.#running) throw new Error(`${this.name} does not run`);
    return this.#running;
  }
}
