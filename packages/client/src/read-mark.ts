import type { Environment } from './types.ts';

/** Read marks leave at most this often. */
export const READ_EVERY_MS = 1_000;

export interface ReadMarkOptions {
  readonly environment: Pick<Environment, 'now' | 'after'>;
  /** Publishes the mark; false when there is no connection. */
  readonly say: (offset: number) => boolean;
  /** The mark, and how far the server knows it, are to be kept. */
  readonly keep: (offset: number, said: number) => void;
}

/** One's own read mark in one conversation. It only grows, whichever device moved it. */
export class ReadMark {
  readonly #options: ReadMarkOptions;
  #offset = 0;
  /** What the server knows. */
  #said = 0;
  #nextAt = 0;
  #planned: (() => void) | null = null;

  constructor(options: ReadMarkOptions) {
    this.#options = options;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Another device, or the server's list, said so. True when the mark moved. */
  learn(offset: number): boolean {
    const moved = offset > this.#offset;
    this.#said = Math.max(this.#said, offset);
    this.#offset = Math.max(this.#offset, offset);
    this.#keep();
    return moved;
  }

  /** The person has read up to here. True when the mark moved. */
  move(offset: number): boolean {
    if (offset <= this.#offset) return false;
    this.#offset = offset;
    this.#keep();
    this.flush();
    return true;
  }

  /** Says the mark now or at the next moment allowed; after a reconnect, what could not be said before. */
  flush(): void {
    if (this.#offset <= this.#said || this.#planned) return;
    const wait = this.#nextAt - this.#options.environment.now();
    if (wait > 0) {
      this.#planned = this.#options.environment.after(wait, () => {
        this.#planned = null;
        this.flush();
      });
      return;
    }
    if (!this.#options.say(this.#offset)) return;
    this.#said = this.#offset;
    this.#keep();
    this.#nextAt = this.#options.environment.now() + READ_EVERY_MS;
  }

  /** As an earlier program on this device left it. */
  restore(offset: number, said: number): void {
    this.#offset = Math.max(this.#offset, offset);
    this.#said = Math.max(this.#said, said);
  }

  /** Offsets have a new meaning. */
  reset(): void {
    this.#offset = 0;
    this.#said = 0;
  }

  #keep(): void {
    this.#options.keep(this.#offset, this.#said);
  }
}
