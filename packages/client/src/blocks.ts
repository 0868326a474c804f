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
  /** Whether a list is given that is kept up to date here, so that none needs to be fetched. */
  #isGiven = false;

  constructor(options: BlocksOptions) {
    this.#options = options;
  }

  readonly has = (user: string): boolean => this.#users.has(user);

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  /** The list as this device has it, what waits to be sent included; `null`: it is not known here. */
  give(users: readonly string[] | null): void {
    this.#isGiven = users !== null;
    if (users) this.#take(new Set(users));
  }

  async refresh(): Promise<void> {
    if (this.#isGiven) return;
    try {
      const { blocked } = await this.#options.rest('me');
      if (!this.#isGiven) this.#take(new Set(blocked));
    } catch (thrown) {
      this.#options.failed(asError(thrown));
    }
  }

  clear(): void {
    this.#isGiven = false;
    this.#take(new Set());
  }

  #take(users: ReadonlySet<string>): void {
    if (users.size === this.#users.size && [...users].every(this.has)) return;
    this.#users = users;
    this.#changes.emit();
  }
}
