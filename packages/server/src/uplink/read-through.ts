import type {
  KeyPage,
  Page,
  Range,
  SearchQuery,
  SearchResult,
  Store,
  StoredEntry,
  StoredPointer,
  StoredRecord,
} from '@konferenco/core';
import type { LogName, LogState } from '@konferenco/protocol';

/** What a store that stands before another one leaves to it: every read. */
export abstract class ReadThrough implements Omit<Store, 'epoch' | 'commit' | 'saveCursors' | 'health'> {
  readonly #inner: Store;

  constructor(inner: Store) {
    this.#inner = inner;
  }

  states(logs: readonly LogName[]): Promise<LogState[]> {
    return this.#inner.states(logs);
  }

  read(log: LogName, range: Range): Promise<Page<StoredEntry>> {
    return this.#inner.read(log, range);
  }

  readInbox(user: string, range: Range): Promise<Page<StoredPointer>> {
    return this.#inner.readInbox(user, range);
  }

  locate(log: LogName, id: string): Promise<StoredEntry | null> {
    return this.#inner.locate(log, id);
  }

  cursor(user: string, device: string): Promise<number | null> {
    return this.#inner.cursor(user, device);
  }

  get(collection: string, key: string): Promise<StoredRecord | null> {
    return this.#inner.get(collection, key);
  }

  list(collection: string, prefix: string, page: KeyPage): Promise<StoredRecord[]> {
    return this.#inner.list(collection, prefix, page);
  }

  search(query: SearchQuery): Promise<SearchResult> {
    return this.#inner.search(query);
  }

  /** Retention depends on nothing but time: each side keeps its own. */
  trim(now: number): Promise<number> {
    return this.#inner.trim(now);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
