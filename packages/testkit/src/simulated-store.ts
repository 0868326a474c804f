import type { Clock, Store } from '@konferenco/core';
import type { SeededRandom } from './seeded-random.ts';

/** A store as one node sees it over a distance: each read takes time before it acts and before its answer is back. */
export function distantStore(
  store: Store,
  clock: Clock,
  random: SeededRandom,
  delay_ms: readonly [min: number, max: number],
): Store {
  const pause = () => new Promise<void>((resolve) => clock.after(random.int(...delay_ms), resolve));
  const later = async <T>(call: () => Promise<T>): Promise<T> => {
    await pause();
    const answer = await call();
    await pause();
    return answer;
  };
  return {
    get epoch() {
      return store.epoch;
    },
    // Not delayed here: commands of one caller take effect, and are answered, in the order of the calls.
    commit: (commands) => store.commit(commands),
    states: (logs) => later(() => store.states(logs)),
    read: (log, range) => later(() => store.read(log, range)),
    readInbox: (user, range) => later(() => store.readInbox(user, range)),
    locate: (log, id) => later(() => store.locate(log, id)),
    cursor: (user, device) => later(() => store.cursor(user, device)),
    saveCursors: (cursors) => store.saveCursors(cursors),
    get: (collection, key) => later(() => store.get(collection, key)),
    list: (collection, prefix, page) => later(() => store.list(collection, prefix, page)),
    search: (query) => later(() => store.search(query)),
    trim: (now) => store.trim(now),
    health: () => store.health(),
    close: () => store.close(),
  };
}
