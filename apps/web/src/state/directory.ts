import type { Client, User } from '@konferenco/client';
import { createStore } from './store.ts';

/** Profiles by id, fetched once when first wanted. */
export interface Directory {
  /** Changes whenever a profile does. */
  state: () => ReadonlyMap<string, User>;
  subscribe: (fn: () => void) => () => void;
  /** Asks for a profile that is not known yet; repeats are free. */
  want: (id: string) => void;
  /** Takes in profiles that came by another way. */
  learn: (users: readonly User[]) => void;
}

/** Fetches at a time, and profiles waiting; more than this at once is more than a screen shows. */
const PARALLEL = 4;
const WAITING = 500;

/** A directory over `client`. A failed fetch is forgotten, so that the next `want` tries again. */
export function createDirectory(client: Pick<Client, 'rest' | 'on'>): Directory {
  const store = createStore<ReadonlyMap<string, User>>(new Map());
  const asked = new Set<string>();
  const queue: string[] = [];
  let running = 0;

  const learn = (users: readonly User[]): void => {
    const known = store.state();
    const fresh = users.filter((u) => known.get(u.id)?.name !== u.name || known.get(u.id)?.about !== u.about);
    if (fresh.length > 0) store.set(new Map([...known, ...fresh.map((u): [string, User] => [u.id, u])]));
  };
  const pump = (): void => {
    while (running < PARALLEL) {
      const id = queue.shift();
      if (id === undefined) return;
      running++;
      client
        .rest('user', { params: { user: id } })
        .then((user) => learn([user]))
        .catch(() => asked.delete(id))
        .finally(() => {
          running--;
          pump();
        });
    }
  };
  const want = (id: string): void => {
    if (id === '' || asked.has(id) || store.state().has(id) || queue.length >= WAITING) return;
    asked.add(id);
    queue.push(id);
    pump();
  };
  client.on('changed', ({ what, id }) => {
    if (what !== 'profile' || !store.state().has(id)) return;
    asked.add(id);
    queue.push(id);
    pump();
  });
  return { state: store.state, subscribe: store.subscribe, want, learn };
}
