import type { MessageState } from './types.ts';

interface Watcher {
  readonly fn: (state: MessageState) => void;
  last: MessageState | null;
}

/** Messages watched at most; the longest watched is let go first. */
const WATCHERS_MAX = 1_000;

/** Tells who sent a message of every state it passes through. */
export class StateWatchers {
  readonly #watchers = new Map<string, Watcher>();

  add(id: string, fn: (state: MessageState) => void): void {
    this.#watchers.set(id, { fn, last: null });
    const [oldest] = this.#watchers.keys();
    if (this.#watchers.size > WATCHERS_MAX && oldest !== undefined) this.#watchers.delete(oldest);
  }

  remove(id: string): void {
    this.#watchers.delete(id);
  }

  rename(was: string, id: string): void {
    const watcher = this.#watchers.get(was);
    this.#watchers.delete(was);
    if (watcher) this.#watchers.set(id, watcher);
  }

  /** Tells those whose message is in another state than they were told. */
  check(stateOf: (id: string) => MessageState | undefined): void {
    for (const [id, watcher] of this.#watchers) {
      const state = stateOf(id);
      if (state === undefined || state === watcher.last) continue;
      watcher.last = state;
      if (state === 'read') this.#watchers.delete(id);
      watcher.fn(state);
    }
  }
}
