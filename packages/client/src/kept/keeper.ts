import { clientError, type KonferencoError } from '../errors.ts';
import { type Emitter, Signal } from '../events.ts';
import type { ClientEvents, ClientOptions, Environment, OutboxStore } from '../types.ts';
import { type Keeping, keepingNothing } from './keeping.ts';
import type { People } from './types.ts';

export interface KeeperParts {
  /** Without a store nothing is kept, and the code that keeps is never loaded. */
  readonly options: Pick<ClientOptions, 'store' | 'keep' | 'tabs'>;
  readonly environment: Environment;
  /** The server's time, as far as known (Unix ms). */
  readonly now: () => number;
  readonly events: Emitter<ClientEvents>;
  readonly failed: (error: KonferencoError) => void;
}

/** Loads what keeps a person's data on this device, once it is needed. */
export class Keeper {
  /** Names, from the first moment on; empty until the device's data is loaded. */
  readonly people: People;
  readonly #parts: KeeperParts;
  readonly #seen = new Signal();
  #kept = keepingNothing();
  #loading: Promise<typeof import('./open-kept.ts')> | null = null;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.people = {
      get: (id) => this.#kept.people.get(id),
      all: () => this.#kept.people.all(),
      learn: (users) => this.#kept.people.learn(users),
      subscribe: (fn) => this.#seen.subscribe(fn),
    };
  }

  /** What keeps now. */
  get kept(): Keeping {
    return this.#kept;
  }

  /** {@link Keeping.open}. */
  async open(person: string): Promise<void> {
    await this.#begin();
    await this.#kept.open(person);
  }

  /** {@link Keeping.forget}, of a store that was not opened yet too. */
  async forget(unsent: boolean): Promise<void> {
    await this.#begin();
    await this.#kept.forget(unsent);
  }

  /** The outbox in the store; `undefined`: there is no store. */
  outbox(): OutboxStore | undefined {
    const { options, failed } = this.#parts;
    const { store } = options;
    if (!store) return undefined;
    const lost = () => failed(clientError('storage'));
    const opened = async () => (await this.#load()).openOutbox({ store, lost });
    return {
      load: async () => (await opened()).load(),
      put: async (entry) => (await opened()).put(entry),
      delete: async (id) => (await opened()).delete(id),
    };
  }

  async #begin(): Promise<void> {
    const { options, environment, now, events } = this.#parts;
    const { store, keep, tabs } = options;
    if (!store) return;
    const failed = (fault: ClientEvents['storage']) => events.emit('storage', fault);
    try {
      const { openKept } = await this.#load();
      if (this.#kept.store) return;
      this.#kept = openKept({ store, isShared: tabs !== undefined, environment, now, keep, failed });
      this.#kept.people.subscribe(() => this.#seen.emit());
    } catch (thrown) {
      // Everything goes on from memory, and the next to sign in tries again.
      failed({ fault: 'unavailable', message: String(thrown) });
    }
  }

  #load(): Promise<typeof import('./open-kept.ts')> {
    this.#loading ??= import('./open-kept.ts').catch((thrown: unknown) => {
      this.#loading = null;
      throw thrown;
    });
    return this.#loading;
  }
}
