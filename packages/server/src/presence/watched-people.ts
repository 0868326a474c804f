import {
  type Bus,
  type Clock,
  type Lease,
  LEASE_MS,
  type PresenceDirectory,
  presenceOf,
  within,
} from '@konferenco/core';
import type { PresenceStatus, ServerFrameOf } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';
import { Leases } from './leases.ts';
import { CHUNK, chunksOf, FOLLOW_MS, LINGER_MS, MOST_ASKED, REFILL_MS, REPEAT_MS } from './pace.ts';
import { moreReachable } from './reach.ts';

interface Watched {
  readonly watchers: Set<Connection>;
  /** What all who watch were told last; `null`: not all the same. */
  shown: PresenceStatus | null;
  /** Unix ms when others were asked last; 0: not yet. */
  askedAt: number;
}

export interface WatchedPeopleDeps {
  readonly node: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly directory: PresenceDirectory | null;
  /** The merge of a user's connections here. */
  readonly here: (user: string) => PresenceStatus;
  readonly onDirectoryFailure: () => void;
}

/** People whom somebody here watches by name, and what all nodes say of them. */
export class WatchedPeople {
  readonly #deps: WatchedPeopleDeps;
  /** Those asked about last come last. */
  readonly #people = new Map<string, Watched>();
  /** People nobody watches any more, and since when (Unix ms), the longest first. */
  readonly #idle = new Map<string, number>();
  /** People not asked about yet, and what their records wait for. */
  readonly #fresh = new Map<string, void | Promise<void>>();
  readonly #leases = new Leases();
  readonly #changed = new Set<string>();
  #mayAsk = MOST_ASKED;
  /** Until then the directory may not hold everybody again; Unix ms. */
  #refilledAt = 0;
  #asking: Promise<void> | null = null;

  constructor(deps: WatchedPeopleDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#people.size;
  }

  statusOf(user: string): PresenceStatus {
    return moreReachable(this.#deps.here(user), this.#leases.statusOf(user));
  }

  /** `connection` watches these people. Returns a promise while what the directory knows of them is read. */
  watch(connection: Connection, users: readonly string[]): void | Promise<void> {
    for (const user of users) {
      const known = this.#people.get(user);
      this.#idle.delete(user);
      if (known) known.watchers.add(connection);
      else this.#begin(user, connection);
    }
    if (this.#fresh.size === 0) return;
    this.#asking ??= new Promise((resolve) => {
      this.#deps.clock.soon(() => {
        this.#asking = null;
        void this.#askFresh().then(resolve);
      });
    });
    return this.#deps.directory?.available ? this.#asking : undefined;
  }

  unwatch(connection: Connection, users: readonly string[]): void {
    for (const user of users) {
      const watched = this.#people.get(user);
      if (!watched?.watchers.delete(connection) || watched.watchers.size > 0) continue;
      if (this.#deps.bus.lossy) this.#idle.set(user, this.#deps.clock.now());
      else this.#end(user);
    }
  }

  /** A node says something of its own connections. */
  take(node: string, lease: Lease, holds_ms = LEASE_MS): void {
    if (!this.#people.has(lease.user)) return;
    if (this.#leases.take(node, lease, this.#deps.clock.now() + holds_ms)) this.#changed.add(lease.user);
  }

  /** A connection of `user` came, went, or shows otherwise here. */
  changedHere(user: string): void {
    if (this.#people.has(user)) this.#changed.add(user);
  }

  /** Words may have been lost: asks everybody about everybody, as fast as it may. */
  askAgain(): void {
    for (const watched of this.#people.values()) watched.askedAt = 0;
  }

  /** The directory is back, perhaps empty: until it is filled again the other nodes are asked too. */
  directoryReturned(): void {
    this.#refilledAt = this.#deps.clock.now() + REFILL_MS;
  }

  /** What is done once in a gathering. */
  tick(): void {
    const now = this.#deps.clock.now();
    for (const user of this.#leases.expire(now)) this.#changed.add(user);
    for (const [user, since] of this.#idle) {
      if (now - since < LINGER_MS) break;
      this.#end(user);
    }
    this.#mayAsk = MOST_ASKED;
    void this.#askFresh();
    const due: string[] = [];
    for (const [user, watched] of this.#people) {
      if (now - watched.askedAt < REPEAT_MS || due.length >= this.#mayAsk) break;
      if (!this.#fresh.has(user)) due.push(user);
    }
    this.#touch(due);
    void this.#ask(due);
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0;
  }

  /** What each watcher is to be told. */
  takeFrames(): ReadonlyMap<Connection, ServerFrameOf<'presence'>> {
    const perWatcher = new Map<Connection, string[]>();
    for (const user of this.#changed) {
      const watched = this.#people.get(user);
      const status = this.statusOf(user);
      if (!watched || watched.shown === status) continue;
      watched.shown = status;
      for (const connection of watched.watchers) {
        const users = perWatcher.get(connection) ?? [];
        users.push(user);
        perWatcher.set(connection, users);
      }
    }
    this.#changed.clear();
    return new Map([...perWatcher].map(([connection, users]) => [connection, this.#frame(users)]));
  }

  /** For somebody who begins to watch these people, which are watched. */
  firstFrame(users: readonly string[]): ServerFrameOf<'presence'> {
    for (const user of users) {
      const watched = this.#people.get(user);
      const status = this.statusOf(user);
      if (!watched || watched.shown === status) continue;
      watched.shown = watched.watchers.size > 1 ? null : status;
      if (watched.shown === null) this.#changed.add(user);
    }
    return this.#frame(users);
  }

  #frame(users: readonly string[]): ServerFrameOf<'presence'> {
    return { type: 'presence', users: users.map((user) => ({ user_id: user, status: this.statusOf(user) })) };
  }

  #begin(user: string, connection: Connection): void {
    const { bus, here } = this.#deps;
    this.#people.set(user, { watchers: new Set([connection]), shown: here(user), askedAt: 0 });
    if (bus.lossy) this.#fresh.set(user, bus.follow(presenceOf(user)));
  }

  #end(user: string): void {
    this.#idle.delete(user);
    this.#fresh.delete(user);
    this.#people.delete(user);
    this.#leases.forget(user);
    if (this.#deps.bus.lossy) this.#deps.bus.unfollow(presenceOf(user));
  }

  async #askFresh(): Promise<void> {
    const users: string[] = [];
    const following: Promise<void>[] = [];
    for (const [user, followed] of this.#fresh) {
      if (users.length >= this.#mayAsk) break;
      users.push(user);
      if (followed) following.push(followed);
      this.#fresh.delete(user);
    }
    this.#touch(users);
    if (following.length > 0) await within(this.#deps.clock, FOLLOW_MS, Promise.all(following));
    await this.#ask(users);
  }

  /** Asks the directory, and, while there is none or it may have lost what it held, the other nodes. */
  async #ask(users: readonly string[]): Promise<void> {
    if (users.length === 0 || !this.#deps.bus.lossy) return;
    const { directory, clock } = this.#deps;
    const isWhole = clock.now() >= this.#refilledAt;
    await Promise.all(
      chunksOf(users, CHUNK).map((chunk) => {
        if (!directory?.available) return this.#askNodes(chunk);
        if (!isWhole) this.#askNodes(chunk);
        return this.#read(directory, chunk).catch(() => {
          this.#deps.onDirectoryFailure();
          this.#askNodes(chunk);
        });
      }),
    );
  }

  #touch(users: readonly string[]): void {
    const askedAt = this.#deps.clock.now();
    this.#mayAsk -= users.length;
    for (const user of users) {
      const watched = this.#people.get(user);
      if (!watched) continue;
      watched.askedAt = askedAt;
      this.#people.delete(user);
      this.#people.set(user, watched);
    }
  }

  async #read(directory: PresenceDirectory, users: readonly string[]): Promise<void> {
    for (const { node, holds_ms, ...lease } of await directory.leasesOf(users)) {
      if (node !== this.#deps.node) this.take(node, lease, holds_ms);
    }
  }

  #askNodes(users: readonly string[]): void {
    this.#deps.bus.publish({ kind: 'who', node: this.#deps.node, users });
  }
}
