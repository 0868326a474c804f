import type { Append, Outcome, Store } from '@konferenco/core';

/** A store under test, and what it costs to let go of it. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and removes what it left behind. */
  readonly dispose: () => Promise<void>;
}

/** Opens an empty store that reads the time from `now` (Unix ms). */
export type OpenStore = (options: { readonly now: () => number }) => Promise<StoreUnderTest>;

/** Time of the tests: far enough from 0 that nothing is accidentally expired. */
export const START = 1_800_000_000_000;
export const DAY = 86_400_000;
export const PAGE = { limit: 100, max_bytes: 1_000_000 } as const;

/** The `n`th id of a test, in the shape of a UUID v7. */
export function uuid(n: number): string {
  return `01a30000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** An append to `ch:hall` by `ann` that lives a year, changed by `over`. */
export function append(n: number, over: Partial<Append> = {}): Append {
  return { log: 'ch:hall', id: uuid(n), sender: 'ann', envelope: `{"n":${n}}`, expires_at: START + 365 * DAY, ...over };
}

/** A test's store and its hand on the clock. */
export interface Bench {
  readonly store: Store;
  readonly clock: { now: number };
}

export async function commitOne(store: Store, one: Append): Promise<Outcome> {
  const [outcome] = await store.commit([{ appends: [one] }]);
  if (!outcome) throw new Error('a command got no outcome');
  return outcome;
}

export function fill(
  store: Store,
  count: number,
  over: (n: number) => Partial<Append> = () => ({}),
): Promise<Outcome[]> {
  return store.commit(Array.from({ length: count }, (_, i) => ({ appends: [append(i + 1, over(i + 1))] })));
}
