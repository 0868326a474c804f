import type { TabLocks } from './surroundings.ts';

/** The platform's locks, of pages and workers alike. */
export function webLocks(locks: LockManager): TabLocks {
  return {
    request: (name, options, hold) => locks.request(name, options, hold),
    held: async () => ((await locks.query()).held ?? []).flatMap(({ name }) => (name === undefined ? [] : [name])),
  };
}
