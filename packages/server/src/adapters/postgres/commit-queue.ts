import { type Command, type Outcome, StoreUnavailableError } from '@konferenco/core';
import { BatchRefusedError } from './errors.ts';
import { type PreparedCommand, prepareCommands } from './prepared.ts';

/** Commands that may wait before callers are turned away. */
const WAITING_LIMIT = 20_000;
/** Commands in one transaction. */
const BATCH = 512;
/** Waiting commands for which a second batch is sent while the first is under way. Fewer do not pay for their own `fsync`. */
const OVERLAP = 64;

interface Call {
  readonly commands: readonly PreparedCommand[];
  readonly resolve: (outcomes: Outcome[]) => void;
  readonly reject: (error: unknown) => void;
}

type Done = { readonly kind: 'done'; readonly outcomes: readonly Outcome[] };
type Failed = { readonly kind: 'failed'; readonly error: unknown };
/** How a batch ended; `skipped`: it took no effect because one before it took none, and is to be written again. */
type Written = Done | Failed | { readonly kind: 'skipped' };

/** A batch under way. */
interface Flight {
  readonly calls: readonly Call[];
  readonly written: Promise<Written>;
}

/** Writes batches durably. */
export interface BatchWriter {
  /** Writes a batch when all that were handed over before have ended. */
  commit(commands: readonly PreparedCommand[]): Promise<readonly Outcome[]>;
  /**
   * Writes a batch behind the last one handed over, which is under way; it takes effect only when that one does.
   * @returns `null`: it took no effect, and is to be written again
   */
  commitBehind(commands: readonly PreparedCommand[]): Promise<readonly Outcome[] | null>;
}

/**
 * Group commit: while one batch is being written the next gathers, and is sent behind it when it is large enough to pay for its
 * own `fsync`. Calls made in one turn of the event loop share a batch; a call is never split over two, and batches take effect
 * in the order of the calls.
 */
export class CommitQueue {
  readonly #writer: BatchWriter;
  readonly #idle: (() => void)[] = [];
  #waiting: Call[] = [];
  #waitingCommands = 0;
  #size = 0;
  #running = false;
  #scheduled = false;
  /** Whether a batch is under way that another may be sent behind. */
  #open = false;
  #behind: Flight | null = null;

  constructor(writer: BatchWriter) {
    this.#writer = writer;
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
    this.#waitingCommands += commands.length;
    this.#schedule();
    return new Promise((resolve, reject) => this.#waiting.push({ commands: prepared, resolve, reject }));
  }

  /** Resolves when nothing handed over is still waiting. */
  drained(): Promise<void> {
    return this.#size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled || (this.#running && !this.#mayOverlap())) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#running) this.#overlap();
      else this.#run();
    });
  }

  #mayOverlap(): boolean {
    return this.#open && this.#behind === null && this.#waitingCommands >= OVERLAP;
  }

  #overlap(): void {
    if (!this.#mayOverlap()) return;
    const calls = this.#takeBatch();
    this.#behind = { calls, written: this.#writeBehind(calls) };
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let flight = this.#next(); flight !== null; flight ??= this.#next()) {
      this.#open = true;
      this.#overlap();
      const written = await flight.written;
      this.#open = false;
      const behind = this.#behind;
      this.#behind = null;
      if (written.kind === 'done') flight = await this.#proceed(flight.calls, written, behind);
      else flight = await this.#fallBack(flight.calls, written, behind);
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Of many the first half goes ahead, so that the other is sent behind it: one is written while the other travels. */
  #next(): Flight | null {
    if (this.#waiting.length === 0) return null;
    const half = Math.ceil(this.#waitingCommands / 2);
    return this.#fly(this.#takeBatch(half >= OVERLAP ? half : BATCH));
  }

  #fly(calls: readonly Call[]): Flight {
    return { calls, written: this.#writeAlone(calls) };
  }

  /** The next batches are on their way before the callers of the last one go on: their work and the server's overlap. */
  async #proceed(calls: readonly Call[], written: Done, behind: Flight | null): Promise<Flight | null> {
    const next = behind ?? this.#next();
    this.#open = next !== null;
    this.#overlap();
    await this.#settle(calls, written);
    return next;
  }

  /** What was sent behind a batch that took no effect took none either, and waits again, before all others. */
  async #fallBack(
    calls: readonly Call[],
    written: Exclude<Written, Done>,
    behind: Flight | null,
  ): Promise<Flight | null> {
    if (behind) {
      const end = await behind.written;
      if (end.kind === 'skipped') this.#giveBack(behind.calls);
      else await this.#settle(behind.calls, end);
    }
    if (written.kind === 'skipped') return this.#fly(calls);
    await this.#settle(calls, written);
    return null;
  }

  #takeBatch(most = BATCH): readonly Call[] {
    let commands = 0;
    let calls = 0;
    for (const call of this.#waiting) {
      if (calls > 0 && commands + call.commands.length > Math.min(most, BATCH)) break;
      commands += call.commands.length;
      calls++;
    }
    this.#waitingCommands -= commands;
    return this.#waiting.splice(0, calls);
  }

  #giveBack(calls: readonly Call[]): void {
    this.#waiting.unshift(...calls);
    for (const { commands } of calls) this.#waitingCommands += commands.length;
  }

  async #writeAlone(calls: readonly Call[]): Promise<Done | Failed> {
    try {
      return { kind: 'done', outcomes: await this.#writer.commit(commandsOf(calls)) };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  async #writeBehind(calls: readonly Call[]): Promise<Written> {
    try {
      const outcomes = await this.#writer.commitBehind(commandsOf(calls));
      return outcomes === null ? { kind: 'skipped' } : { kind: 'done', outcomes };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  async #settle(calls: readonly Call[], written: Done | Failed): Promise<void> {
    if (written.kind === 'done') {
      let next = 0;
      for (const { commands, resolve } of calls) {
        this.#size -= commands.length;
        resolve(written.outcomes.slice(next, next + commands.length));
        next += commands.length;
      }
    } else if (!(written.error instanceof BatchRefusedError)) {
      this.#waitingCommands = 0;
      this.#fail([...calls, ...this.#waiting.splice(0)], written.error);
    } else if (calls.length === 1) this.#fail(calls, written.error);
    else for (const call of calls) await this.#settle([call], await this.#writeAlone([call]));
  }

  /** Whoever waits behind a batch that found no server has waited as long and would find none. */
  #fail(calls: readonly Call[], error: unknown): void {
    for (const { commands, reject } of calls) {
      this.#size -= commands.length;
      reject(error);
    }
  }
}

function commandsOf(calls: readonly Call[]): readonly PreparedCommand[] {
  return calls.flatMap(({ commands }) => commands);
}
