import { createClient } from '../client.ts';
import './fetched-parts.ts';
import type { KonferencoError } from '../errors.ts';
import { memoryStore } from '../storage/memory-store.ts';
import { type LocalStore, LocalStoreError, type LocalTable } from '../storage/local-store.ts';
import type { Conflict } from '../sync/types.ts';
import type { TabSharing } from '../tabs/types.ts';
import type { Client, KonferencoErrorLike } from '../types.ts';
import { ModelServer, type ModelServerOptions } from './model-server.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A device of a person: a store that outlives programs, and the program that runs on it. */
export class ModelDevice {
  readonly user: string;
  readonly conflicts: Conflict[] = [];
  readonly errors: KonferencoErrorLike[] = [];
  /** How far the device's clock is ahead (ms). */
  skew = 0;
  isOnline = true;
  isVisible = true;
  /** Outlives programs; several devices with one store are tabs of one device. */
  readonly store: LocalStore = memoryStore();
  /** Given to tabs of one store. */
  readonly tabs: TabSharing | undefined;
  /** How long each access to the store takes. */
  readonly pause: (() => Promise<void>) | undefined;
  readonly #world: ReplicaWorld;
  readonly #damaged = new Set<LocalTable>();
  #client: Client | null = null;
  /** Closes over the program that runs: timers and links of an ended one are dead. */
  #run = runOf();

  constructor(world: ReplicaWorld, user: string) {
    this.#world = world;
    this.user = user;
  }

  get client(): Client {
    if (!this.#client) throw new Error('the program does not run');
    return this.#client;
  }

  /** Starts the program on what the device keeps. */
  async start(): Promise<void> {
    this.begin();
    await this.#world.settled();
  }

  /** {@link start}, without letting anything happen yet. */
  begin(): Client {
    const { clock, server, random } = this.#world;
    const run = runOf();
    this.#run = run;
    const client = createClient({
      url: 'http://server.test',
      demoUser: this.user,
      store: faulty(slow(stoppable(this.store, run), this.pause), this.#damaged),
      ...(this.tabs && { tabs: this.tabs }),
      environment: {
        now: () => clock.now() + this.skew,
        after: (ms, fn) => clock.after(ms, () => run.alive && fn()),
        random,
        randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
        fetch: (() => Promise.reject(new TypeError('no network in this test'))) as unknown as typeof fetch,
        openSocket: (url, protocol) => {
          const socket = server.openSocket(url, protocol);
          this.#sockets.add(socket);
          return socket;
        },
        exclusively: (name, fn) => this.#world.locks.hold(name, run, fn),
        visible: () => this.isVisible,
        network: { online: () => this.isOnline, subscribe: () => () => {} },
      },
    });
    client.on('conflict', (conflict) => run.alive && this.conflicts.push(conflict));
    client.on('error', (error) => run.alive && this.errors.push(error));
    this.#client = client;
    client.connect().catch((error: KonferencoError) => run.alive && this.errors.push(error));
    return client;
  }

  readonly #sockets = new Set<ReturnType<ModelServer['openSocket']>>();

  /** Ends the program between two instructions: what it was about to write is lost. */
  kill(): void {
    this.#run.end();
    this.#client = null;
    for (const socket of this.#sockets) {
      socket.onmessage = null;
      socket.onclose = null;
      socket.onopen = null;
      socket.close();
    }
    this.#sockets.clear();
  }

  get isRunning(): boolean {
    return this.#client !== null;
  }

  /** From now on the rows of this table cannot be read, until they are dropped. */
  damage(table: LocalTable): void {
    this.#damaged.add(table);
  }

  /** Takes the network away, or gives it back. */
  async network(on: boolean): Promise<void> {
    this.isOnline = on;
    if (!on) for (const socket of this.#sockets) this.#world.server.drop(socket);
    else this.#client?.reconnectNow();
    await this.#world.settled();
  }
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** People with devices, and a server, in virtual time. */
export class ReplicaWorld {
  readonly clock = new VirtualClock();
  readonly server: ModelServer;
  readonly random: () => number;
  readonly locks = new Locks();

  constructor(seed: number, options: Partial<ModelServerOptions> = {}) {
    const random = seededRandom(seed);
    this.random = random;
    const latency = () => 1 + Math.floor(random() * 40);
    this.server = new ModelServer({ clock: this.clock, latency, ...options });
  }

  async device(
    user: string,
    setUp: Partial<Pick<ModelDevice, 'skew' | 'isOnline' | 'store' | 'tabs' | 'pause'>> = {},
  ): Promise<ModelDevice> {
    const device = Object.assign(new ModelDevice(this, user), setUp);
    await device.start();
    return device;
  }

  /** Lets everything that is due in so many milliseconds happen. */
  pass(ms: number): Promise<void> {
    return this.clock.pass(ms);
  }

  settled(): Promise<void> {
    return this.clock.pass(0);
  }
}

/** One run of a program. */
interface Run {
  alive: boolean;
  readonly ended: Promise<void>;
  end(): void;
}

function runOf(): Run {
  const { promise, resolve } = Promise.withResolvers<void>();
  const run: Run = {
    alive: true,
    ended: promise,
    end: () => {
      run.alive = false;
      resolve();
    },
  };
  return run;
}

/** Locks that a program which ends gives back. */
class Locks {
  readonly #last = new Map<string, Promise<unknown>>();

  hold<T>(name: string, run: Run, fn: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const held = before.then(() => (run.alive ? fn() : new Promise<T>(() => {})));
    this.#last.set(
      name,
      before.then(() => Promise.race([held.catch(() => undefined), run.ended])),
    );
    return held;
  }
}

/** Tabs that share a store and cannot hear one another. */
export const deafTabs: TabSharing = ({ environment }) => ({
  openSocket: environment.openSocket,
  outbox: (store) => store,
  tell: () => {},
  discard: () => {},
  reword: () => false,
  waiting: 0,
  noteConflicts: () => {},
  signedOut: () => {},
  close: () => {},
});

/** A store that an ended program writes to no more. */
function stoppable(store: LocalStore, run: { readonly alive: boolean }): LocalStore {
  const never = <T>() => new Promise<T>(() => {});
  return {
    kind: 'durable',
    write: (changes) => (run.alive ? store.write(changes) : never()),
    get: (table, key) => (run.alive ? store.get(table, key) : never()),
    list: (table, range) => (run.alive ? store.list(table, range) : never()),
    drop: (table, prefix) => (run.alive ? store.drop(table, prefix) : never()),
    usage: () => store.usage(),
    close: () => Promise.resolve(),
  };
}

/** A store that takes its time. */
function slow(store: LocalStore, pause: (() => Promise<void>) | undefined): LocalStore {
  if (!pause) return store;
  return {
    ...store,
    get: (table, key) => pause().then(() => store.get(table, key)),
    list: (table, range) => pause().then(() => store.list(table, range)),
    write: (changes) => pause().then(() => store.write(changes)),
  };
}

/** A store in which some tables are damaged: their rows are named, once. */
function faulty(store: LocalStore, damaged: Set<LocalTable>): LocalStore {
  return {
    ...store,
    list: async (table, range) => {
      const rows = await store.list(table, range);
      if (rows.length === 0 || !damaged.delete(table)) return rows;
      throw new LocalStoreError(
        'damaged',
        'The rows do not match their sum.',
        undefined,
        rows.map(({ key }) => key),
      );
    },
  };
}
