/** A value and those who want to know of its changes: the shape React's `useSyncExternalStore` asks for. */
export interface PlainStore<T> {
  state: () => T;
  subscribe: (fn: () => void) => () => void;
  set: (value: T) => void;
}

/** A store that tells its subscribers of each new value; setting the same value (`Object.is`) tells nobody. */
export function createStore<T>(initial: T): PlainStore<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    state: () => value,
    subscribe(fn) {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
    set(next) {
      if (Object.is(value, next)) return;
      value = next;
      for (const fn of [...listeners]) fn();
    },
  };
}
