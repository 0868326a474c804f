import { PART_LEASE_MS, type Present } from '@konferenco/core';
import type { PresenceStatus, ServerFrameOf } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';
import type { CrowdWord, LocalCrowd } from './local-crowd.ts';
import { GATHER_MS, LARGE_GATHER_MS, MOST_NAMED } from './pace.ts';
import { moreReachable } from './reach.ts';

interface Part {
  readonly version: number;
  readonly count: number;
  /** `null`: too many to be named. */
  readonly present: Map<string, PresenceStatus> | null;
  /** Unix ms until which it holds. */
  readonly until: number;
}

/** Everybody in the channel; `users` is `null` when there are too many to be named. */
interface Whole {
  readonly count: number;
  readonly users: ReadonlyMap<string, PresenceStatus> | null;
}

/** What is in a word of another node, and whether it could be understood. */
export type Taken = 'taken' | 'known' | 'missed';

/** One channel whose presence somebody here watches: the parts of all nodes, and what the watchers were told. */
export class ChannelView {
  readonly watchers = new Set<Connection>();
  readonly #channel: string;
  readonly #local: LocalCrowd;
  readonly #parts = new Map<string, Part>();
  #told: Whole | null = null;
  #toldAt = 0;
  #isChanged = false;
  /** Whether some watchers know more than others. */
  #isUneven = false;

  constructor(channel: string, local: LocalCrowd) {
    this.#channel = channel;
    this.#local = local;
  }

  /** Something changed here. */
  touch(): void {
    this.#isChanged = true;
  }

  /**
   * Takes what `node` says, at `now` (Unix ms).
   *
   * @returns `missed`: an earlier word was lost, so names are not known until everything is said again.
   */
  take(node: string, word: CrowdWord, now: number, holds_ms = PART_LEASE_MS): Taken {
    const known = this.#parts.get(node);
    const until = now + holds_ms;
    if (known && known.version > word.version) return 'known';
    if (known?.version === word.version) {
      this.#parts.set(node, { ...known, until: Math.max(until, known.until) });
      return 'known';
    }
    if (word.after !== null && (word.after !== known?.version || known.present === null)) return 'missed';
    const present = word.present === null ? null : merge(word.after === null ? null : known?.present, word.present);
    this.#parts.set(node, { version: word.version, count: word.count, present, until });
    this.#isChanged = true;
    return 'taken';
  }

  /** Forgets parts that hold no longer. */
  expire(now: number): void {
    for (const [node, { until, count }] of this.#parts) {
      if (until > now) continue;
      this.#parts.delete(node);
      if (count > 0) this.#isChanged = true;
    }
  }

  /** For somebody who begins to watch: everything. */
  fullFrame(): ServerFrameOf<'presence'> {
    const whole = this.#whole();
    if (this.#told === null || this.watchers.size <= 1) {
      this.#told = whole;
      this.#isChanged = this.#isUneven = false;
    } else if (this.#isChanged) this.#isUneven = true;
    return { ...this.#frame(whole.count, whole.users ?? new Map()), full: true };
  }

  /** What changed for those who watch, if it is time to tell them. Who left the channel shows as offline. */
  takeFrame(now: number): ServerFrameOf<'presence'> | null {
    if (!this.#isChanged || this.watchers.size === 0) return null;
    const told = this.#told;
    const isLarge = told !== null && told.count > MOST_NAMED;
    if (now - this.#toldAt < (isLarge ? LARGE_GATHER_MS : GATHER_MS)) return null;
    const whole = this.#whole();
    const known = this.#isUneven ? null : told;
    this.#told = whole;
    this.#isChanged = this.#isUneven = false;
    const frame = this.#changeFrame(known, whole);
    if (frame) this.#toldAt = now;
    return frame;
  }

  #changeFrame(known: Whole | null, { count, users }: Whole): ServerFrameOf<'presence'> | null {
    if (known && users && known.users) {
      const changed = changesBetween(known.users, users);
      return changed.size > 0 ? this.#frame(count, changed) : null;
    }
    if (users) return { ...this.#frame(count, users), full: true };
    return known?.count === count ? null : this.#frame(count, new Map());
  }

  get hasChanges(): boolean {
    return this.#isChanged;
  }

  /** Users on several nodes count once where all are named; where a part has no names, its count is added. */
  #whole(): Whole {
    const local = this.#local.present();
    let nameless = local === null ? this.#local.count : 0;
    const users = new Map<string, PresenceStatus>(local?.map(({ user, status }) => [user, status]));
    for (const { count, present } of this.#parts.values()) {
      if (present === null) nameless += count;
      for (const [user, status] of present ?? []) users.set(user, moreReachable(status, users.get(user) ?? 'offline'));
    }
    const count = users.size + nameless;
    return { count, users: count > MOST_NAMED ? null : users };
  }

  #frame(count: number, users: ReadonlyMap<string, PresenceStatus>): ServerFrameOf<'presence'> {
    const changed = [...users].map(([user_id, status]) => ({ user_id, status }));
    return { type: 'presence', channel: this.#channel, count, users: changed };
  }
}

function merge(
  known: ReadonlyMap<string, PresenceStatus> | null | undefined,
  said: readonly (Present | { readonly user: string; readonly status: 'offline' })[],
): Map<string, PresenceStatus> {
  const users = new Map(known ?? []);
  for (const { user, status } of said) {
    if (status === 'offline') users.delete(user);
    else users.set(user, status);
  }
  return users;
}

function changesBetween(
  told: ReadonlyMap<string, PresenceStatus>,
  now: ReadonlyMap<string, PresenceStatus>,
): ReadonlyMap<string, PresenceStatus> {
  const changes = new Map<string, PresenceStatus>();
  for (const user of told.keys()) if (!now.has(user)) changes.set(user, 'offline');
  for (const [user, status] of now) if (told.get(user) !== status) changes.set(user, status);
  return changes;
}
