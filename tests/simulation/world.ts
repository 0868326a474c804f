import type { Socket } from '@konferenco/client';
import type { Changes } from '@konferenco/core';
import { channelLog, directLog, type LogName, parseLogName } from '@konferenco/protocol';
import { createMemoryDisk, createMemoryStore, type MemoryDisk } from '@konferenco/server';
import {
  distantStore,
  type NetworkFaults,
  SeededRandom,
  SimulatedBus,
  SimulatedDirectory,
  VirtualClock,
} from '@konferenco/testkit';
import { Device } from './device.ts';
import { NodeProcess, type OpenedStore } from './node-process.ts';
import { Trace } from './trace.ts';

/** `single`: one node, its store dies with it. `cluster`: two or three nodes, one store, a bus that loses, doubles and reorders. */
export type SetUp = 'single' | 'cluster';

const USERS = ['ana', 'ben', 'cyd', 'dov', 'eli', 'fay', 'gus', 'hoa'];
const CHANNELS = ['hall', 'help', 'news'];
const CALM: NetworkFaults = { delay_ms: [1, 20], lose: 0, double: 0 };

/** Nodes, devices and the network between them, made from one seed. */
export class World {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly trace = new Trace(() => this.clock.now());
  readonly disk: MemoryDisk = createMemoryDisk({ epoch: 'simulated' });
  readonly nodes: readonly NodeProcess[];
  readonly devices: Device[];
  readonly channels: readonly LogName[] = CHANNELS.map(channelLog);
  readonly users: readonly string[];
  /** What must never happen and did. */
  readonly broken: string[] = [];
  /** What led to the first of it. */
  story: readonly string[] = [];
  readonly #seed: number;
  readonly #bus: SimulatedBus;
  readonly #directory: SimulatedDirectory | null;
  /** Whether the store of a cluster can say what changed in it. */
  readonly #saysChanges: boolean;

  constructor(seed: number, setUp: SetUp) {
    this.#seed = seed;
    this.random = new SeededRandom(seed);
    const { random, clock } = this;
    this.#bus = new SimulatedBus(clock, random, CALM);
    // Of its own randomness, so that it changes nothing else of a seed's run.
    const ownRandom = new SeededRandom(seed + 2);
    this.#directory =
      setUp === 'cluster' && ownRandom.chance(0.5) ? new SimulatedDirectory(clock, ownRandom, [0, 20]) : null;
    const shared = setUp === 'cluster' ? this.#createStore() : null;
    this.#saysChanges = ownRandom.chance(0.5);
    const names = setUp === 'cluster' ? ['north', 'south', 'east'].slice(0, random.int(2, 3)) : ['alone'];
    const digestRate = random.chance(0.25) ? random.int(1, 3) : 1_000_000;
    this.nodes = names.map((name) => {
      const openStore = (): OpenedStore => (shared ? this.#view(shared, null) : this.#openOwn());
      const onFault = (error: unknown) =>
        this.break(`${name} had a fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return new NodeProcess({
        ...{ name, clock, random, bus: this.#bus, openStore, digestRate, onFault },
        directory: this.#directory,
      });
    });
    this.users = USERS.slice(0, random.int(4, 8));
    this.devices = this.users.flatMap((user) => {
      const own = random.chance(0.4) ? 2 : 1;
      return Array.from({ length: own }, (_, index) => this.createDevice(user, `${user}-${index + 1}`));
    });
  }

  /** What every device watches. */
  get watched(): { readonly users: readonly string[]; readonly channels: readonly string[] } {
    return { users: this.users, channels: CHANNELS };
  }

  break(what: string): void {
    this.broken.push(what);
    this.trace.note(`✗ ${what}`);
    if (this.broken.length === 1) this.story = this.trace.last();
  }

  /** A device that connects to any node, or by `openSocket`. */
  createDevice(user: string, name: string, openSocket = (url: string): Socket => this.#openSocket(url)): Device {
    const { clock, trace } = this;
    const seed = this.random.int(0, 0x7fffffff);
    const broken = (what: string) => this.break(what);
    return new Device({ user, name, seed, clock, trace, openSocket, broken });
  }

  /** Where a log stands in the store. */
  headOf = (log: LogName): number => this.disk.logs.get(log)?.head ?? 0;

  /** Conversations a user may take part in. */
  logsOf(user: string): readonly LogName[] {
    return [...this.channels, ...this.users.filter((other) => other !== user).map((other) => directLog(user, other))];
  }

  /** Direct conversations in which something was said. */
  directLogsOf(user: string): readonly LogName[] {
    return this.logsOf(user).filter((log) => parseLogName(log)?.kind === 'direct' && this.headOf(log) > 0);
  }

  setBusFaults(faults: NetworkFaults): void {
    this.#bus.faults = faults;
  }

  /** The presence directory goes away for a while, now and then, until `over`, and comes back with or without what it had. */
  breakDirectory(over: () => boolean, random = new SeededRandom(this.#seed + 3)): void {
    const directory = this.#directory;
    if (!directory) return;
    this.clock.after(random.int(1_000, 20_000), () => {
      if (over()) return;
      directory.leave();
      this.clock.after(random.int(100, 10_000), () => {
        directory.comeBack(random.chance(0.5) ? 'everything' : 'nothing');
        this.breakDirectory(over, random);
      });
    });
  }

  /** From now on nothing is lost, and every node runs. */
  heal(): void {
    this.#bus.faults = CALM;
    for (const node of this.nodes) node.start();
    for (const device of this.devices) device.setNetwork(true);
  }

  #openSocket(url: string): Socket {
    const accepting = this.nodes.filter((node) => node.isAccepting);
    if (accepting.length > 0) return this.random.pick(accepting).connect(url);
    const socket: Socket = { onopen: null, onmessage: null, onclose: null, buffered: 0, send() {}, close() {} };
    this.clock.after(this.random.int(1, 100), () => socket.onclose?.(1006, ''));
    return socket;
  }

  #createStore() {
    const { clock, disk } = this;
    const random = new SeededRandom(this.#seed + 1);
    const settle = () => new Promise<void>((resolve) => clock.after(random.int(0, 8), resolve));
    return createMemoryStore({ now: () => clock.now(), disk, settle });
  }

  #openOwn(): OpenedStore {
    const store = this.#createStore();
    return this.#view(store, () => {
      const kept = this.random.int(0, 3);
      this.trace.note(`the store dies, ${kept} of ${store.health().waiting} waiting calls reach the disk`);
      store.crash(kept);
    });
  }

  #view(store: ReturnType<typeof createMemoryStore>, crash: (() => void) | null): OpenedStore {
    const opened = { store: distantStore(store, this.clock, this.random, [0, 15]), crash };
    return crash === null && this.#saysChanges ? { ...opened, changes: this.#changes() } : opened;
  }

  /** Of the disk, as a node sees it over a distance; the place of an entry is its position. */
  #changes(): Changes {
    const random = new SeededRandom(this.#seed + 4);
    const pause = () => new Promise<void>((resolve) => this.clock.after(random.int(0, 15), resolve));
    const { disk } = this;
    return {
      async changedSince(after, most) {
        await pause();
        const position = String(disk.bySeq.at(-1)?.seq ?? 0);
        const heads = after === null ? null : disk.grownSince(Number(after), most);
        await pause();
        return { position, heads };
      },
    };
  }
}
