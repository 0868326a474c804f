import { createStore } from './store.ts';

/** Something fetched: kept while it is fetched again, and kept when that fails. */
export interface ResourceState<T> {
  readonly value: T | null;
  readonly loading: boolean;
  /** What the last attempt failed with; `null` when it did not. */
  readonly error: unknown;
}

export interface Resource<T> {
  state: () => ResourceState<T>;
  subscribe: (fn: () => void) => () => void;
  /** Fetches again; calls during a fetch share it. Never rejects: the failure is in the state. */
  refresh: () => Promise<void>;
  /** Puts a value there that is known otherwise, e.g. the answer to a change. */
  put: (value: T) => void;
}

/**
 * A resource that `load` fetches. `load` answers `null` when there is nothing to fetch yet.
 * A later answer never gives way to an earlier one: `put` during a fetch wins over that fetch.
 */
export function createResource<T>(
  load: () => Promise<T | null>,
  initial: T | null = null,
  keep: (value: T) => void = () => {},
): Resource<T> {
  const store = createStore<ResourceState<T>>({ value: initial, loading: false, error: null });
  let running: Promise<void> | null = null;
  let version = 0;

  const run = async (): Promise<void> => {
    const started = version;
    store.set({ ...store.state(), loading: true });
    try {
      const value = await load();
      if (started !== version) return store.set({ ...store.state(), loading: false });
      if (value !== null) keep(value);
      store.set({ value: value ?? store.state().value, loading: false, error: null });
    } catch (error) {
      store.set({ ...store.state(), loading: false, error });
    }
  };
  return {
    state: store.state,
    subscribe: store.subscribe,
    refresh() {
      running ??= run().finally(() => {
        running = null;
      });
      return running;
    },
    put(value) {
      version++;
      keep(value);
      store.set({ ...store.state(), value, error: null });
    },
  };
}
