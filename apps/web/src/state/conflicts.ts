import type { Client, Conflict } from '@konferenco/client';
import { createStore, type PlainStore } from './store.ts';

export interface ToldConflict {
  readonly id: number;
  readonly conflict: Conflict;
}

/** What met something written elsewhere, until the person has seen it. */
export interface Conflicts {
  readonly state: PlainStore<readonly ToldConflict[]>['state'];
  readonly subscribe: PlainStore<readonly ToldConflict[]>['subscribe'];
  dismiss(id: number): void;
}

/** More than this at once is no longer read; the oldest go. */
const KEPT = 20;

export function createConflicts(client: Pick<Client, 'on'>): Conflicts {
  const store = createStore<readonly ToldConflict[]>([]);
  let count = 0;
  client.on('conflict', (conflict) => {
    const same = JSON.stringify(conflict);
    const others = store.state().filter((told) => JSON.stringify(told.conflict) !== same);
    store.set([...others, { id: ++count, conflict }].slice(-KEPT));
  });
  return {
    state: store.state,
    subscribe: store.subscribe,
    dismiss: (id) => store.set(store.state().filter((told) => told.id !== id)),
  };
}
