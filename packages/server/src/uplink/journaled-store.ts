import type {
  Command,
  Outcome,
  Page,
  Range,
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
import { JOURNAL, journaled } from './journal.ts';

export interface JournaledOptions {
  readonly inner: Store;
  readonly newId: () => string;
  /** Unix ms. */
  readonly now: () => number;
  /** Where the journal ends at the start. */
  readonly head: number;
}

/** The store of a venue: whatever it commits stands in its journal too, from where a mirror takes it. */
export class JournaledStore implements Store {
  readonly #options: JournaledOptions;
  #head: number;
  readonly #onAdvance: (() => void)[] = [];
  readonly #onCursors: ((cursors: readonly CursorUpdate[]) => void)[] = [];

  constructor(options: JournaledOptions) {
    this.#options = options;
    this.#head = options.head;
  }

  get epoch(): string {
    return this.#options.inner.epoch;
  }

  /** Offset of the newest journal entry whose commit was answered. */
  get head(): number {
    return this.#head;
  }

  /** Calls `fn` when the journal has grown. */
  onAdvance(fn: () => void): void {
    this.#onAdvance.push(fn);
  }

  /** Calls `fn` with cursors that were kept. */
  onCursors(fn: (cursors: readonly CursorUpdate[]) => void): void {
    this.#onCursors.push(fn);
  }

  async commit(commands: readonly Command[]): Promise<Outcome[]> {
    const { inner, newId, now } = this.#options;
    const outcomes = await inner.commit(commands.map((command) => journaled(command, { id: newId(), now: now() })));
    return outcomes.map((outcome) => this.#withoutJournal(outcome));
  }

  async saveCursors(cursors: readonly CursorUpdate[]): Promise<void> {
    await this.#options.inner.saveCursors(cursors);
    for (const fn of this.#onCursors) fn(cursors);
  }

  /** Keeps cursors that the mirror told of. */
  takeCursors(cursors: readonly CursorUpdate[]): Promise<void> {
    return this.#options.inner.saveCursors(cursors);
  }

  states(logs: readonly LogName[]): Promise<LogState[]> {
    return this.#options.inner.states(logs);
  }

  read(log: LogName, range: Range): Promise<Page<StoredEntry>> {
    return this.#options.inner.read(log, range);
  }

  readInbox(user: string, range: Range): Promise<Page<StoredPointer>> {
    return this.#options.inner.readInbox(user, range);
  }

  locate(log: LogName, id: string): Promise<StoredEntry | null> {
    return this.#options.inner.locate(log, id);
  }

  cursor(user: string, device: string): Promise<number | null> {
    return this.#options.inner.cursor(user, device);
  }

  get(collection: string, key: string): Promise<StoredRecord | null> {
    return this.#options.inner.get(collection, key);
  }

  list(
    collection: string,
    prefix: string,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<StoredRecord[]> {
    return this.#options.inner.list(collection, prefix, page);
  }

  search(query: SearchQuery): Promise<SearchResult> {
    return this.#options.inner.search(query);
  }

  trim(now: number): Promise<number> {
    return this.#options.inner.trim(now);
  }

  health(): StoreHealth {
    return this.#options.inner.health();
  }

  close(): Promise<void> {
    return this.#options.inner.close();
  }

  #withoutJournal(outcome: Outcome): Outcome {
    if (outcome.kind !== 'committed') return outcome;
    const own = outcome.positions.at(-1);
    if (own?.log !== JOURNAL) return outcome;
    if (own.offset > this.#head) {
      this.#head = own.offset;
      for (const fn of this.#onAdvance) fn();
    }
    return { ...outcome, positions: outcome.positions.slice(0, -1) };
  }
}
