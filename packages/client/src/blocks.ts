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

  constructor(options: BlocksOptions) {
    this.#options = options;
  }

  readonly has = (user: string): boolean => this.#users.has(user);

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  async refresh(): Promise<void> {
    try {
      const { blocked } = await this.#options.rest('me');
      this.#take(new Set(blocked));
    } catch (thrown) {
      this.#options.failed(asError(thrown));
    }
  }

  clear(): void {
    this.#take(new Set());
  }

  #take(users: ReadonlySet<string>): void {
    if (users.size === this.#users.size && [...users].every(this.has)) return;
    this.#users = users;
    this.#changes.emit();
  }
}
