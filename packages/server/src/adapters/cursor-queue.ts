import { StoreUnavailableError } from '@konferenco/core';

export interface CursorUpdate {
  readonly user: string;
  readonly device: string;
  readonly inbox: number;
}

/** Cursors that may wait; one entry per device. */
const WAITING_LIMIT = 200_000;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Coalesces cursor updates: one write at a time, and only the farthest position of each device. */
export class CursorQueue {
  readonly #write: (cursors: readonly CursorUpdate[]) => Promise<unknown>;
  #waiting = new Map<string, CursorUpdate>();
  #waiters: Waiter[] = [];
  #running: Promise<void> | null = null;

  constructor(write: (cursors: readonly CursorUpdate[]) => Promise<unknown>) {
    this.#write = write;
  }

  /** Resolves when all of `cursors` are durable. @throws {StoreUnavailableError} when too many wait already. */
  submit(cursors: readonly CursorUpdate[]): Promise<void> {
    if (cursors.length === 0) return Promise.resolve();
    if (this.#waiting.size + cursors.length > WAITING_LIMIT) {
      return Promise.reject(new StoreUnavailableError(`${this.#waiting.size} cursors wait for the disk`));
    }
    for (const cursor of cursors) {
      const key = `${cursor.user} ${cursor.device}`;
      if ((this.#waiting.get(key)?.inbox ?? 0) <= cursor.inbox) this.#waiting.set(key, cursor);
    }
    const done = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    this.#running ??= this.#run();
    return done;
  }

  /** Resolves when nothing handed over is still waiting. */
  async drained(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiters.length > 0) {
      const cursors = [...this.#waiting.values()];
      const waiters = this.#waiters;
      this.#waiting = new Map();
      this.#waiters = [];
      try {
        await this.#write(cursors);
        for (const { resolve } of waiters) resolve();
      } catch (error) {
        for (const { reject } of waiters) reject(error);
      }
    }
    this.#running = null;
  }
}
