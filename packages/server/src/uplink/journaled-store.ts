import type { Command, Outcome, Store, StoreHealth } from '@konferenco/core';
import type { CursorUpdate } from './frames.ts';
import { JOURNAL, journaled } from './journal.ts';
import { ReadThrough } from './read-through.ts';

export interface JournaledOptions {
  readonly inner: Store;
  readonly newId: () => string;
  /** Unix ms. */
  readonly now: () => number;
  /** Where the journal ends at the start. */
  readonly head: number;
}

/** The store of a venue: whatever it commits stands in its journal too, from where a mirror takes it. */
export class JournaledStore extends ReadThrough implements Store {
  readonly #options: JournaledOptions;
  #head: number;
  readonly #onAdvance: (() => void)[] = [];
  readonly #onCursors: ((cursors: readonly CursorUpdate[]) => void)[] = [];

  constructor(options: JournaledOptions) {
    super(options.inner);
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

  health(): StoreHealth {
    return this.#options.inner.health();
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
