import { type Command, type Outcome, type Pointer, StoreUnavailableError } from '@konferenco/core';
import { assertWritable } from '../assert-writable.ts';
import { type EncodedCall, encodeCall } from './batch-codec.ts';
import type { CommitReply, Reply } from './messages.ts';

/** Commands that may wait for the disk before callers are turned away. */
const WAITING_LIMIT = 20_000;
/** Commands in one transaction. */
const BATCH = 512;
/** Waiting commands for which a second batch is handed over while the first is being written. */
const OVERLAP = 256;

interface Call {
  readonly commands: readonly Command[];
  readonly encoded: EncodedCall;
  readonly resolve: (outcomes: Outcome[]) => void;
  readonly reject: (error: Error) => void;
}

/** Writes one batch durably. */
export type WriteBatch = (calls: readonly EncodedCall[]) => Promise<CommitReply>;

/**
 * Group commit: while one batch is in `fsync` the next gathers. Calls made in one turn of the event loop share a batch; a
 * call is never split over two. A second batch is handed over early only when it is large enough to pay for its own `fsync`.
 */
export class CommitQueue {
  readonly #write: WriteBatch;
  readonly #idle: (() => void)[] = [];
  #waiting: Call[] = [];
  #waitingCommands = 0;
  #inFlight = 0;
  #inFlightCommands = 0;
  #scheduled = false;

  constructor(write: WriteBatch) {
    this.#write = write;
  }

  /** Commands handed over and not yet durable. */
  get size(): number {
    return this.#waitingCommands + this.#inFlightCommands;
  }

  /**
   * @throws {TypeError} when the call cannot be written
   * @throws {StoreUnavailableError} when too many commands wait already
   */
  async submit(commands: readonly Command[]): Promise<Outcome[]> {
    if (commands.length === 0) return [];
    if (this.size + commands.length > WAITING_LIMIT) {
      throw new StoreUnavailableError(`${this.size} commands wait for the disk`);
    }
    assertWritable(commands);
    const encoded = encodeCall(commands);
    this.#waitingCommands += commands.length;
    this.#schedule();
    return new Promise((resolve, reject) => this.#waiting.push({ commands, encoded, resolve, reject }));
  }

  /** Resolves when nothing handed over is still waiting. */
  drained(): Promise<void> {
    return this.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight > 1) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (
      this.#waiting.length > 0 &&
      (this.#inFlight === 0 || (this.#inFlight === 1 && this.#waitingCommands >= OVERLAP))
    ) {
      this.#send(this.#takeBatch());
    }
  }

  #takeBatch(): Call[] {
    let commands = 0;
    let calls = 0;
    for (const call of this.#waiting) {
      if (calls > 0 && commands + call.commands.length > BATCH) break;
      commands += call.commands.length;
      calls++;
    }
    const batch = calls === this.#waiting.length ? this.#waiting : this.#waiting.slice(0, calls);
    this.#waiting = this.#waiting.slice(calls);
    this.#waitingCommands -= commands;
    this.#inFlightCommands += commands;
    return batch;
  }

  #giveUpWaiting(): readonly Call[] {
    this.#waitingCommands = 0;
    return this.#waiting.splice(0);
  }

  async #send(batch: readonly Call[]): Promise<void> {
    this.#inFlight++;
    try {
      const reply = await this.#write(batch.map((call) => call.encoded));
      for (const [i, call] of batch.entries()) settle(call, reply, i);
    } catch (error) {
      // Whoever waits behind must not overtake what its sender will send again.
      for (const call of [...batch, ...this.#giveUpWaiting()]) call.reject(asUnavailable(error));
    } finally {
      this.#inFlight--;
      for (const call of batch) this.#inFlightCommands -= call.commands.length;
      if (this.#waiting.length > 0) this.#schedule();
      else if (this.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }
}

function settle(call: Call, reply: CommitReply, i: number): void {
  const results = reply.results[i];
  if (results) call.resolve(call.commands.map((command, k) => outcomeOf(command, results[k] ?? [], reply.at)));
  else call.reject(new StoreUnavailableError(reply.errors?.[i] ?? 'the command could not be written'));
}

/** What a command came to, from its reply. */
export function outcomeOf(command: Command, reply: Reply, at: number): Outcome {
  if (!isOffsets(reply)) return reply;
  const appends = command.appends ?? [];
  const positions = appends.map((append, i) => ({ log: append.log, offset: reply[i] ?? 0 }));
  const pointers: Pointer[] = [];
  let next = appends.length;
  for (const { notify } of appends) {
    for (const { user, reason } of notify ?? []) pointers.push({ user, inbox: reply[next++] ?? 0, reason });
  }
  return { kind: 'committed', at, positions, pointers };
}

function isOffsets(reply: Reply): reply is readonly number[] {
  return Array.isArray(reply);
}

function asUnavailable(error: unknown): Error {
  return error instanceof StoreUnavailableError ? error : new StoreUnavailableError(String(error), { cause: error });
}
