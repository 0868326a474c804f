import { asError, type KonferencoError } from './errors.ts';
import { Signal } from './events.ts';
import type { Rest } from './types.ts';

export interface BlocksOptions {
  readonly rest: Rest;
  readonly failed: (error: KonferencoError) => void;
}

/**
 * Whom I blocked. The server keeps their direct messages and mentions away; in a channel, which is one log for all,
 * hiding what they say is up to the client.
 */
export class Blocks {
  readonly #options: BlocksOptions;
  readonly #changes = new Signal();
  #users: ReadonlySet<string> = new Set();
  /** The list of the REST answer, for as long as this device does not keep one itself. */
  #fetched: ReadonlySet<string> = new Set();
  #given: readonly string[] = [];
  #isComplete = false;

  constructor(options: BlocksOptions) {
    this.#options = options;
  }

  readonly has = (user: string): boolean => this.#users.has(user);

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  /** Whom this device knows to be blocked, what waits to be sent included; `isComplete`: and nobody else is. */
  give(users: readonly string[], isComplete: boolean): void {
    this.#given = users;
    this.#isComplete = isComplete;
    this.#take();
  }

  async refresh(): Promise<void> {
    if (this.#isComplete) return;
    try {
      const { blocked } = await this.#options.rest('me');
      this.#fetched = new Set(blocked);
      this.#take();
    } catch (thrown) {
      this.#options.failed(asError(thrown));
    }
  }

  clear(): void {
    this.#fetched = new Set();
    this.give([], false);
  }

  #take(): void {
    const users = new Set(this.#isComplete ? this.#given : [...this.#fetched, ...this.#given]);
    if (users.size === this.#users.size && [...users].every(this.has)) return;
    this.#users = users;
    this.#changes.emit();
  }
}
