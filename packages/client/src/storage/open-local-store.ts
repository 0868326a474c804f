import type { LocalBackend } from './local-backend.ts';
import { type LocalStore, LocalStoreError, type LocalStoreFault } from './local-store.ts';
import { memoryStore } from './memory-store.ts';
import { type LocalAccount, storeName } from './store-name.ts';

/**
 * What the person is told about the store, if anything:
 * - `memory`: nothing written here survives the program; private mode, or the store is held elsewhere
 * - `full`: no room on the device. With a `memory` store nothing survives; with a durable one, unsent messages of an
 *   earlier version of the program wait where they were
 * - `newer`: a newer version of the program wrote the store, which stays as it is; reloading may help
 * - `recovered`: the store was damaged and begun anew; `saved` unsent messages were taken over, `lost` were not
 *   (`null`: unknown)
 */
export type StoreNotice =
  | { readonly kind: 'memory' | 'full' | 'newer'; readonly cause: LocalStoreError }
  | {
      readonly kind: 'recovered';
      readonly saved: number;
      readonly lost: number | null;
      readonly cause: LocalStoreError;
    };

export interface OpenedStore {
  readonly store: LocalStore;
  readonly notice: StoreNotice | null;
}

export interface OpenLocalStoreOptions extends LocalAccount {
  /** `null`: the platform has none. */
  readonly backend: LocalBackend | null;
}

/**
 * Opens what the account keeps on this device. It always gives a store: where nothing durable is to be had, one in
 * memory, and a notice that says why.
 */
export async function openLocalStore(options: OpenLocalStoreOptions): Promise<OpenedStore> {
  const { backend } = options;
  if (!backend) return inMemory(new LocalStoreError('unavailable', 'This platform keeps nothing.'));
  try {
    const opened = await openOrRecover(backend, options);
    return { store: opened.store, notice: opened.notice ?? (await adopted(backend, options, opened.store)) };
  } catch (error) {
    return inMemory(
      error instanceof LocalStoreError ? error : new LocalStoreError('unavailable', 'The store does not open.', error),
    );
  }
}

/** Deletes the stores of all accounts but these, and what was set aside of them. Returns the names of those deleted. */
export async function removeLocalStores(
  backend: LocalBackend,
  keep: readonly LocalAccount[],
): Promise<readonly string[]> {
  const kept = new Set(keep.map(storeName));
  const others = (await backend.names()).filter((name) => !kept.has(name));
  for (const name of others) await backend.remove(name);
  return others;
}

async function openOrRecover(backend: LocalBackend, account: LocalAccount): Promise<OpenedStore> {
  try {
    const store = await backend.open(account);
    await checkOutbox(store);
    return { store, notice: null };
  } catch (cause) {
    if (!(cause instanceof LocalStoreError) || cause.fault !== 'damaged') throw cause;
    const { store, saved, lost } = await backend.recover(account);
    return { store, notice: { kind: 'recovered', saved, lost, cause } };
  }
}

/** What is unsent exists nowhere else, so it is read before anything builds on the store. */
async function checkOutbox(store: LocalStore): Promise<void> {
  try {
    await store.list('outbox', { prefix: '', limit: Number.MAX_SAFE_INTEGER });
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function adopted(backend: LocalBackend, account: LocalAccount, store: LocalStore): Promise<StoreNotice | null> {
  try {
    await backend.adopt?.(account, store);
    return null;
  } catch (cause) {
    if (!(cause instanceof LocalStoreError)) throw cause;
    return cause.fault === 'full' ? { kind: 'full', cause } : { kind: 'recovered', saved: 0, lost: null, cause };
  }
}

const NOTICES: Readonly<Record<LocalStoreFault, 'memory' | 'full' | 'newer'>> = {
  full: 'full',
  newer: 'newer',
  damaged: 'memory',
  unavailable: 'memory',
};

function inMemory(cause: LocalStoreError): OpenedStore {
  return { store: memoryStore(), notice: { kind: NOTICES[cause.fault], cause } };
}
