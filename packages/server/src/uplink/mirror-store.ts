import type { Command, Outcome, ReplicaStore, Store, StoreHealth } from '@konferenco/core';
import type { CursorUpdate } from './frames.ts';
import type { Forwarder } from './forwarder.ts';
import { ReadThrough } from './read-through.ts';

export interface MirrorStoreOptions {
  /** The mirror's own copy. */
  readonly replica: ReplicaStore;
  readonly forwarder: Forwarder;
  /** Of the venue's store: offsets are the same on both sides. */
  readonly epoch: string;
  /** Tells the venue of cursors; they may be lost. */
  readonly tellCursors: (cursors: readonly CursorUpdate[]) => void;
  /** What an operator must know, in words. */
  readonly faults: () => readonly string[];
}

/** The store of a mirror: reads are its own, writes are the venue's. */
export class MirrorStore extends ReadThrough implements Store {
  readonly epoch: string;
  readonly #options: MirrorStoreOptions;

  constructor(options: MirrorStoreOptions) {
    super(options.replica);
    this.#options = options;
    this.epoch = options.epoch;
  }

  commit(commands: readonly Command[]): Promise<Outcome[]> {
    return commands.length === 0 ? Promise.resolve([]) : this.#options.forwarder.commit(commands);
  }

  async saveCursors(cursors: readonly CursorUpdate[]): Promise<void> {
    await this.#options.replica.saveCursors(cursors);
    this.#options.tellCursors(cursors);
  }

  health(): StoreHealth {
    const health = this.#options.replica.health();
    const faults = this.#options.faults();
    return {
      ...health,
      ok: health.ok && faults.length === 0,
      damage: [...health.damage, ...faults],
      waiting: this.#options.forwarder.waiting,
    };
  }
}
