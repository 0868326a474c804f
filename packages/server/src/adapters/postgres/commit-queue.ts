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

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#writeCalls(this.#takeBatch());
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

  async #writeCalls(calls: readonly Call[]): Promise<void> {
    try {
      const outcomes = await this.#write(calls.flatMap(({ commands }) => commands));
      let next = 0;
      for (const call of calls) {
        this.#size -= call.commands.length;
        call.resolve(outcomes.slice(next, next + call.commands.length));
        next += call.commands.length;
      }
    } catch (error) {
      if (error instanceof BatchRefusedError && calls.length > 1) {
        for (const call of calls) await this.#writeCalls([call]);
      } else this.#fail(error instanceof BatchRefusedError ? calls : [...calls, ...this.#waiting.splice(0)], error);
    }
  }

  /** Whoever waits behind a batch that found no server has waited as long and would find none. */
  #fail(calls: readonly Call[], error: unknown): void {
    for (const { commands, reject } of calls) {
      this.#size -= commands.length;
      reject(error);
    }
  }
}
