import { type Command, type Outcome, StoreUnavailableError } from '@konferenco/core';
import { BatchRefusedError } from './errors.ts';
import { type PreparedCommand, prepareCommands } from './prepared.ts';

/** Commands that may wait before callers are turned away. */
const WAITING_LIMIT = 20_000;
/** Commands in one transaction. */
const BATCH = 512;

interface Call {
  readonly commands: readonly PreparedCommand[];
  readonly resolve: (outcomes: Outcome[]) => void;
  readonly reject: (error: unknown) => void;
}

type Written =
  | { readonly kind: 'done'; readonly outcomes: readonly Outcome[] }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Writes one batch durably. */
export type WriteBatch = (commands: readonly PreparedCommand[]) => Promise<readonly Outcome[]>;

/**
 * Group commit: while one batch is being written the next gathers. Calls made in one turn of the event loop share a batch; a
 * call is never split over two, and batches are written in the order of the calls.
 */
export class CommitQueue {
  readonly #write: WriteBatch;
  readonly #idle: (() => void)[] = [];
  #waiting: Call[] = [];
  #size = 0;
  #running = false;

  constructor(write: WriteBatch) {
    this.#write = write;
  }

  /** Commands handed over and not yet durable. */
  get size(): number {
    return this.#size;
  }

  /**
   * @throws {TypeError} when the call cannot be written
   * @throws {StoreUnavailableError} when too many commands wait already
   */
  async submit(commands: readonly Command[]): Promise<Outcome[]> {
    if (commands.length === 0) return [];
    if (this.#size + commands.length > WAITING_LIMIT) {
      throw new StoreUnavailableError(`${this.#size} commands wait for the database`);
    }
    const prepared = prepareCommands(commands);
    this.#size += commands.length;
    if (!this.#running) {
      this.#running = true;
      setImmediate(() => this.#run());
    }
    return new Promise((resolve, reject) => this.#waiting.push({ commands: prepared, resolve, reject }));
  }

  /** Resolves when nothing handed over is still waiting. */
  drained(): Promise<void> {
    return this.#size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The next batch is on its way before the callers of the last one go on: their work and the server's overlap. */
  async #run(): Promise<void> {
    let calls = this.#takeBatch();
    let writing = this.#begin(calls);
    while (calls.length > 0) {
      const written = await writing;
      const next = written.kind === 'done' ? this.#takeBatch() : [];
      writing = this.#begin(next);
      await this.#settle(calls, written);
      calls = next.length > 0 ? next : this.#takeBatch();
      if (next.length === 0) writing = this.#begin(calls);
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #takeBatch(): readonly Call[] {
    let commands = 0;
    let calls = 0;
    for (const call of this.#waiting) {
      if (calls > 0 && commands + call.commands.length > BATCH) break;
      commands += call.commands.length;
      calls++;
    }
    return this.#waiting.splice(0, calls);
  }

  async #begin(calls: readonly Call[]): Promise<Written> {
    if (calls.length === 0) return { kind: 'done', outcomes: [] };
    try {
      return { kind: 'done', outcomes: await this.#write(calls.flatMap(({ commands }) => commands)) };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  async #settle(calls: readonly Call[], written: Written): Promise<void> {
    if (written.kind === 'done') {
      let next = 0;
      for (const { commands, resolve } of calls) {
        this.#size -= commands.length;
        resolve(written.outcomes.slice(next, next + commands.length));
        next += commands.length;
      }
    } else if (!(written.error instanceof BatchRefusedError)) {
      this.#fail([...calls, ...this.#waiting.splice(0)], written.error);
    } else if (calls.length === 1) this.#fail(calls, written.error);
    else for (const call of calls) await this.#settle([call], await this.#begin([call]));
  }

  /** Whoever waits behind a batch that found no server has waited as long and would find none. */
  #fail(calls: readonly Call[], error: unknown): void {
    for (const { commands, reject } of calls) {
      this.#size -= commands.length;
      reject(error);
    }
  }
}
