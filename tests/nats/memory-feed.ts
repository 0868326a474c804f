import { type Feed, type FeedEntry, type FeedPage, type LeaderSignal, StoreUnavailableError } from '@konferenco/core';

/** What the nodes of a test share: what was stored, in the order of commit, and who leads. */
export class MemoryFeedState {
  readonly entries: FeedEntry[] = [];
  readonly cursors = new Map<string, number>();
  readonly leaders = new Map<string, AbortController>();
  /** As long as it is set, nothing can be read or written. */
  away = false;
  #offsets = new Map<string, number>();

  /** Stores a message; its id is its place in the order of commit. */
  add(log: string, type = 'chat', sender = 'ann'): FeedEntry {
    const offset = (this.#offsets.get(log) ?? 0) + 1;
    this.#offsets.set(log, offset);
    const number = this.entries.length + 1;
    const id = `id-${number}`;
    const to = { type: 'channel', id: log.slice(3), event_id: 'main' };
    const envelope = JSON.stringify({
      id,
      type,
      subtype: 'channel_message',
      from: { user_id: sender },
      to,
      payload: {},
    });
    const entry = { log, offset, at: number, id, sender, envelope, position: `${number}` };
    this.entries.push(entry);
    return entry;
  }

  /** Takes the leadership away, as a store does that lost the node's session. */
  depose(name: string): void {
    this.leaders.get(name)?.abort();
    this.leaders.delete(name);
  }
}

/** The feed as one node sees it. */
export class MemoryFeed implements Feed {
  readonly #state: MemoryFeedState;

  constructor(state: MemoryFeedState) {
    this.#state = state;
  }

  async readFeed(after: string | null, limit: number): Promise<FeedPage> {
    this.#check();
    const from = Number(after ?? 0);
    const entries = this.#state.entries.slice(from, from + limit);
    return { entries, position: entries.at(-1)?.position ?? after };
  }

  async feedCursor(group: string): Promise<string | null> {
    this.#check();
    const at = this.#state.cursors.get(group);
    return at === undefined ? null : `${at}`;
  }

  async saveFeedCursor(group: string, position: string): Promise<void> {
    this.#check();
    this.#state.cursors.set(group, Math.max(this.#state.cursors.get(group) ?? 0, Number(position)));
  }

  async withLeader(name: string, work: (signal: LeaderSignal) => Promise<void>): Promise<boolean> {
    this.#check();
    if (this.#state.leaders.has(name)) return false;
    const leadership = new AbortController();
    this.#state.leaders.set(name, leadership);
    try {
      await work(leadership.signal);
    } finally {
      if (this.#state.leaders.get(name) === leadership) this.#state.leaders.delete(name);
    }
    return true;
  }

  #check(): void {
    if (this.#state.away) throw new StoreUnavailableError('the store is away');
  }
}
