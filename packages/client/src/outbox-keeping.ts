import { clientError, type KonferencoError } from './errors.ts';
import type { OutboxEntry, OutboxStore } from './types.ts';

export interface OutboxKeepingOptions {
  readonly store: OutboxStore;
  /** The store could not keep or drop an entry; the message goes its way from memory. */
  readonly storageFailed: (error: KonferencoError) => void;
  /** Resolves with true once a stored entry is kept with its conversation: only then the store may forget it. */
  readonly keptElsewhere: () => Promise<boolean>;
}

/** The outbox's entries on the device. What the store cannot do is told, and nothing rejects. */
export class OutboxKeeping {
  readonly #options: OutboxKeepingOptions;

  constructor(options: OutboxKeepingOptions) {
    this.#options = options;
  }

  /** Whether the store has it. */
  async keep(entry: OutboxEntry): Promise<boolean> {
    try {
      await this.#options.store.put(entry);
      return true;
    } catch (error) {
      this.#options.storageFailed(clientError('storage', error));
      return false;
    }
  }

  async forget(id: string): Promise<void> {
    try {
      await this.#options.store.delete(id);
    } catch (error) {
      this.#options.storageFailed(clientError('storage', error));
    }
  }

  async forgetOnceKept(id: string): Promise<void> {
    // An entry that stays is sent again by the next program, and answered as a repeat.
    if (await this.#options.keptElsewhere()) await this.forget(id);
  }
}
