import { join } from 'node:path';
import type { Clock, Page, ReplicaStore, Store, StoredEntry } from '@konferenco/core';
import { createIdGenerator } from '@konferenco/protocol';
import { createMemoryKeyStore } from '../../packages/server/src/accounts/key-store.ts';
import { createLocalBus } from '../../packages/server/src/adapters/embedded/bus.ts';
import { openEmbeddedStore } from '../../packages/server/src/adapters/embedded/store.ts';
import { systemClock, systemRandom } from '../../packages/server/src/runtime/system.ts';
import { BridgedBus } from '../../packages/server/src/uplink/bridged-bus.ts';
import { Forwarder } from '../../packages/server/src/uplink/forwarder.ts';
import { type Dial, HomeEnd } from '../../packages/server/src/uplink/home-end.ts';
import { JournaledStore } from '../../packages/server/src/uplink/journaled-store.ts';
import { MirrorEnd } from '../../packages/server/src/uplink/mirror-end.ts';
import { MirrorKeys } from '../../packages/server/src/uplink/mirror-keys.ts';
import { MirrorStore } from '../../packages/server/src/uplink/mirror-store.ts';
import { ObjectBridge } from '../../packages/server/src/uplink/object-bridge.ts';
import { Replica } from '../../packages/server/src/uplink/replica.ts';
import { beginJournal, spanOf } from '../../packages/server/src/uplink/standing.ts';

const RING = { keys: [], ticket_secret: 'secret' };
const SECRET = 's'.repeat(32);
const log = { info() {}, warn() {}, error() {} };
/** Pauses are a hundred times shorter than between real servers. */
const hasty: Clock = { ...systemClock, after: (ms, fn) => systemClock.after(Math.max(1, ms / 100), fn) };
const onFault = (error: unknown) => {
  if (!(error instanceof TypeError)) throw error;
};

/** A line in this process that breaks where it is told to, and takes new calls while it is not severed. */
export class Line {
  breaks = 0;
  #left = Number.POSITIVE_INFINITY;
  #severed = false;
  #break: (() => void) | null = null;
  #mirror: MirrorEnd | null = null;

  leadTo(mirror: MirrorEnd): void {
    this.#mirror = mirror;
  }

  /** Breaks when this many more pieces, of both ways, have been sent; the last of them is lost. */
  breakAfter(pieces: number): void {
    this.#left = pieces;
  }

  sever(): void {
    this.#severed = true;
    this.#break?.();
  }

  mend(): void {
    this.#severed = false;
    this.#left = Number.POSITIVE_INFINITY;
  }

  readonly dial: Dial = ({ received, closed }) => {
    const end = this.#severed ? null : (this.#mirror?.accept() ?? null);
    let isOpen = end !== null;
    const over = () => {
      if (!isOpen) return;
      isOpen = false;
      end?.close();
      closed('the line broke');
    };
    const carry = (deliver: () => void) => {
      if (isOpen && --this.#left <= 0) {
        this.breaks++;
        this.#left = Number.POSITIVE_INFINITY;
        setImmediate(over);
        return;
      }
      setImmediate(() => isOpen && deliver());
    };
    this.#break = over;
    setImmediate(() => {
      if (!end) return closed('nobody answers');
      end.open({
        send: (piece) => {
          carry(() => received(piece));
          return piece.length;
        },
        getBufferedAmount: () => 0,
        close: () => setImmediate(over),
      });
    });
    return {
      send: (piece) => carry(() => end?.message(piece)),
      waiting: 0,
      close: () => {
        isOpen = false;
        end?.close();
      },
    };
  };
}

/** Both ends of an uplink over real stores, without servers. */
export class ExchangeWorld {
  readonly line = new Line();
  readonly #home: { readonly disk: ReplicaStore; readonly store: JournaledStore; readonly end: HomeEnd };
  readonly #mirror: { readonly disk: ReplicaStore; readonly store: MirrorStore; readonly end: MirrorEnd };

  static async open(dir: string): Promise<ExchangeWorld> {
    const now = () => Date.now();
    const open = (name: string) => openEmbeddedStore({ dir: join(dir, name), inspectAfterMs: null, now });
    const [disk, copy] = await Promise.all([open('home'), open('mirror')]);
    await beginJournal(disk, { fresh: true, id: 'origin', now: now() });
    return new ExchangeWorld(disk, copy);
  }

  private constructor(disk: ReplicaStore, copy: ReplicaStore) {
    const now = () => Date.now();
    const newId = createIdGenerator({ now, random16: () => systemRandom.bytes(16) });
    const store = new JournaledStore({ inner: disk, newId, now, head: 1 });
    const common = { clock: hasty, random: systemRandom, secret: SECRET, log, onFault };
    const mirror = mirrorOn(copy, disk.epoch, common);
    this.line.leadTo(mirror.end);
    const inner = createLocalBus();
    const end = new HomeEnd({
      ...common,
      ...{ dial: this.line.dial, node: 'home', store, inner, bus: new BridgedBus(inner, true) },
      objects: new ObjectBridge(hasty, onFault),
      keys: async () => RING,
      span: () => spanOf(disk),
    });
    end.start();
    this.#home = { disk, store, end };
    this.#mirror = { disk: copy, ...mirror };
  }

  get home(): Store {
    return this.#home.store;
  }

  get mirror(): Store {
    return this.#mirror.store;
  }

  /** The venue's own store, journal and all. */
  get disk(): Store {
    return this.#home.disk;
  }

  get copy(): Store {
    return this.#mirror.disk;
  }

  get isTogether(): boolean {
    const { working, behind } = this.#mirror.end.describe();
    return working && behind === 0 && this.#home.end.describe().behind === 0;
  }

  async everything(store: Store, name: string): Promise<Page<StoredEntry>> {
    const range = { after: 0, limit: 100_000, max_bytes: 1e9 };
    return name.startsWith('in:') ? store.readInbox(name.slice(3), range) : store.read(name, range);
  }

  async close(): Promise<void> {
    this.#home.end.close();
    this.#mirror.end.close();
    await Promise.all([this.#home.disk.close(), this.#mirror.disk.close()]);
  }
}

interface Common {
  readonly clock: Clock;
  readonly random: typeof systemRandom;
  readonly secret: string;
  readonly log: typeof log;
  readonly onFault: (error: unknown) => void;
}

function mirrorOn(copy: ReplicaStore, epoch: string, common: Common): { store: MirrorStore; end: MirrorEnd } {
  const inner = createLocalBus();
  const bus = new BridgedBus(inner, false);
  const objects = new ObjectBridge(common.clock, common.onFault);
  const replica = new Replica({
    ...common,
    ...{ store: copy, inner, bus, position: 0, onChanges() {} },
    onDiverged(reason) {
      throw new Error(reason);
    },
  });
  // Answers are waited for as long as between real servers.
  const forwarder = new Forwarder({ clock: systemClock, reached: (position) => replica.reached(position) });
  const end = new MirrorEnd({
    ...common,
    ...{ node: 'mirror', bus, replica, forwarder, objects, hasKeys: false, epoch: null },
    keys: new MirrorKeys(createMemoryKeyStore()),
    takeCursors: (cursors) => copy.saveCursors(cursors),
  });
  const store = new MirrorStore({ replica: copy, forwarder, epoch, tellCursors() {}, faults: () => [] });
  return { store, end };
}
