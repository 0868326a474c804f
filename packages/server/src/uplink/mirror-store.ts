import type {
  Command,
  Outcome,
  Page,
  Range,
  ReplicaStore,
  SearchQuery,
  SearchResult,
  Store,
  StoredEntry,
  StoredPointer,
  StoredRecord,
  StoreHealth,
} from '@konferenco/core';
import type { LogName, LogState } from '@konferenco/protocol';
import type { CursorUpdate } from './frames.ts';
import type { Forwarder } from './forwarder.ts';

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
export class MirrorStore implements Store {
  readonly epoch: string;
  readonly #options: MirrorStoreOptions;

  constructor(options: MirrorStoreOptions) {
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

  states(logs: readonly LogName[]): Promise<LogState[]> {
    return this.#options.replica.states(logs);
  }

  read(log: LogName, range: Range): Promise<Page<StoredEntry>> {
    return this.#options.replica.read(log, range);
  }

  readInbox(user: string, range: Range): Promise<Page<StoredPointer>> {
    return this.#options.replica.readInbox(user, range);
  }

  locate(log: LogName, id: string): Promise<StoredEntry | null> {
    return this.#options.replica.locate(log, id);
  }

  cursor(user: string, device: string): Promise<number | null> {
    return this.#options.replica.cursor(user, device);
  }

  get(collection: string, key: string): Promise<StoredRecord | null> {
    return this.#options.replica.get(collection, key);
  }

  list(
    collection: string,
    prefix: string,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<StoredRecord[]> {
    return this.#options.replica.list(collection, prefix, page);
  }

  search(query: SearchQuery): Promise<SearchResult> {
    return this.#options.replica.search(query);
  }

  /** Retention is the mirror's own: it depends on nothing but time. */
  trim(now: number): Promise<number> {
    return this.#options.replica.trim(now);
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

  close(): Promise<void> {
    return this.#options.replica.close();
  }
}
