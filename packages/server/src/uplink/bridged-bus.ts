import { type Bus, type BusRecord, type Interest, interestsOf } from '@konferenco/core';

/** What this side follows of the other's bus, in changes. */
export interface InterestChange {
  readonly whole: boolean;
  readonly follow: readonly Interest[];
  readonly unfollow: readonly Interest[];
}

/** The way to the other side, while there is one. */
export interface BridgeEnd {
  /** A record of this side that the other has use for. It may be lost. */
  pass(record: BusRecord): void;
  /** Resolves when the other side passes on what is about these, or cannot. */
  tell(change: InterestChange): Promise<void>;
}

/**
 * The bus of one side of an uplink: its own, and of the other side's what somebody here follows. Entries do not cross: each
 * side publishes them when its own store has them. Nor do nodes: people are not placed across the uplink.
 */
export class BridgedBus implements Bus {
  readonly lossy = true;
  readonly #inner: Bus;
  readonly #publishesEntries: boolean;
  readonly #own = new Set<Interest>();
  readonly #theirs = new Set<Interest>();
  readonly #onReconnect: (() => void)[] = [];
  #end: BridgeEnd | null = null;
  #changed = new Map<Interest, boolean>();
  #telling: Promise<void> | null = null;

  /** @param publishesEntries false where a replica publishes every entry, whoever committed it */
  constructor(inner: Bus, publishesEntries: boolean) {
    this.#inner = inner;
    this.#publishesEntries = publishesEntries;
  }

  publish(record: BusRecord): void {
    if (record.kind === 'entry') {
      if (this.#publishesEntries) this.#inner.publish(record);
      return;
    }
    this.#inner.publish(record);
    if (this.#end && this.#isFollowed(record)) this.#end.pass(record);
  }

  /** Publishes what came from the other side. */
  receive(record: BusRecord): void {
    if (mayCross(record)) this.#inner.publish(record);
  }

  follow(interest: Interest): void | Promise<void> {
    this.#own.add(interest);
    const told = this.#change(interest, true);
    // What is missed of a log or an inbox is found in the store.
    return /^(presence|crowd|node):/.test(interest) ? told : undefined;
  }

  unfollow(interest: Interest): void {
    this.#own.delete(interest);
    void this.#change(interest, false);
  }

  subscribe(receive: (record: BusRecord) => void): () => void {
    return this.#inner.subscribe(receive);
  }

  onReconnect(fn: () => void): void {
    this.#onReconnect.push(fn);
  }

  close(): Promise<void> {
    this.#end = null;
    return this.#inner.close();
  }

  /** There is a way to the other side: it is told what is followed here. */
  join(end: BridgeEnd): void {
    this.#end = end;
    this.#theirs.clear();
    this.#changed.clear();
    void end.tell({ whole: true, follow: [...this.#own], unfollow: [] });
  }

  part(): void {
    this.#end = null;
    this.#telling = null;
    this.#theirs.clear();
  }

  /** Both sides are together again, and this one has what it missed of the log. */
  reconnected(): void {
    for (const fn of this.#onReconnect) fn();
  }

  /** The other side says what it follows. */
  heed({ whole, follow, unfollow }: InterestChange): void {
    if (whole) this.#theirs.clear();
    for (const interest of follow) this.#theirs.add(interest);
    for (const interest of unfollow) this.#theirs.delete(interest);
  }

  #isFollowed(record: BusRecord): boolean {
    if (!mayCross(record)) return false;
    const interests = interestsOf(record);
    return interests === null || interests.some((interest) => this.#theirs.has(interest));
  }

  /** Changes of one turn travel together. */
  #change(interest: Interest, follows: boolean): void | Promise<void> {
    if (!this.#end) return;
    this.#changed.set(interest, follows);
    this.#telling ??= Promise.resolve().then(() => {
      const changes = [...this.#changed];
      this.#changed.clear();
      this.#telling = null;
      const pick = (wanted: boolean) => changes.flatMap(([name, is]) => (is === wanted ? [name] : []));
      return this.#end?.tell({ whole: false, follow: pick(true), unfollow: pick(false) });
    });
    return this.#telling;
  }
}

function mayCross(record: BusRecord): boolean {
  switch (record.kind) {
    case 'entry':
    case 'node':
    case 'claim':
    case 'drain':
      return false;
    case 'transient':
    case 'presence':
    case 'roster':
    case 'crowd':
    case 'who':
    case 'watched':
    case 'changed':
    case 'revoked':
      return true;
  }
}
