import type { LocalStore } from './local-store.ts';
import type { LocalAccount } from './store-name.ts';

/** A store that was begun anew beside a damaged one. */
export interface Recovered {
  readonly store: LocalStore;
  /** Unsent entries taken over. */
  readonly saved: number;
  /** Unsent entries known to be lost; `null`: nobody can say how many. */
  readonly lost: number | null;
}

/**
 * Where a platform keeps stores. All methods reject with {@link import('./local-store.ts').LocalStoreError}.
 */
export interface LocalBackend {
  /** Opens the account's store, makes it when there is none, and brings an older one up to date. */
  open(account: LocalAccount): Promise<LocalStore>;
  /**
   * Sets the damaged store aside, which keeps it as it is, and begins a new one with what can be read of `outbox`.
   * Interrupted at any point, nothing that could be read is lost: the next `open` finds the old store or the new one.
   */
  recover(account: LocalAccount): Promise<Recovered>;
  /** Takes over what earlier versions of the program left unsent elsewhere; nothing of it is dropped before it is here. */
  adopt?(account: LocalAccount, store: LocalStore): Promise<void>;
  /** Names of all stores here, as {@link import('./store-name.ts').storeName} makes them. */
  names(): Promise<readonly string[]>;
  /** Deletes a store, and what was set aside of it. */
  remove(name: string): Promise<void>;
}
