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

interface Batch {
  readonly calls: readonly Call[];
  readonly commands: readonly PreparedCommand[];
}

/**
 * Writes one batch durably. `upcoming` closes the batch that will be written after it and says what it holds, the same
 * however often it is asked, or `null` when nothing waits.
 */
export type WriteBatch = (
  commands: readonly PreparedCommand[],
  upcoming: () => readonly PreparedCommand[] | null,
) => Promise<readonly Outcome[]>;

/**
 * Group commit: while one batch is being written the next gathers. Calls made in one turn of the event loop share a batch; a
 * call is never split over two, and batches are written in the order of the calls.
 */
export class CommitQueue {
  readonly #write: WriteBatch;
  readonly #idle: (() => void)[] = [];
  #waiting: Call[] = [];
  /** Closed already, to be written next. */
  #upcoming: Batch | null = null;
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
    let batch = this.#next();
    let writing = batch && this.#begin(batch.commands);
    while (batch && writing) {
      const written = await writing;
      const next = written.kind === 'done' ? this.#next() : null;
      writing = next && this.#begin(next.commands);
      await this.#settle(batch.calls, written);
      batch = next ?? this.#next();
      writing ??= batch && this.#begin(batch.commands);
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #next(): Batch | null {
    const batch = this.#upcoming ?? this.#gather();
    this.#upcoming = null;
    return batch;
  }

  #gather(): Batch | null {
    let size = 0;
    let count = 0;
    for (const { commands } of this.#waiting) {
      if (count > 0 && size + commands.length > BATCH) break;
      size += commands.length;
      count++;
    }
    if (count === 0) return null;
    const calls = this.#waiting.splice(0, count);
    return { calls, commands: calls.flatMap(({ commands }) => commands) };
  }

  async #begin(commands: readonly PreparedCommand[]): Promise<Written> {
    const upcoming = () => {
      this.#upcoming ??= this.#gather();
      return this.#upcoming?.commands ?? null;
    };
    try {
      return { kind: 'done', outcomes: await this.#write(commands, upcoming) };
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
      const behind = [...(this.#upcoming?.calls ?? []), ...this.#waiting.splice(0)];
      this.#upcoming = null;
      this.#fail([...calls, ...behind], written.error);
    } else if (calls.length === 1) this.#fail(calls, written.error);
    else for (const call of calls) await this.#settle([call], await this.#begin(call.commands));
  }

  /** Whoever waits behind a batch that found no server has waited as long and would find none. */
  #fail(calls: readonly Call[], error: unknown): void {
    for (const { commands, reject } of calls) {
      this.#size -= commands.length;
      reject(error);
    }
  }
}
