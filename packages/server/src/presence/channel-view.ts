import { PART_LEASE_MS } from '@konferenco/core';
import type { PresenceStatus, ServerFrameOf } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';
import type { CrowdWord, LocalCrowd } from './local-crowd.ts';
import { GATHER_MS, LARGE_GATHER_MS, MOST_NAMED } from './pace.ts';
import { moreReachable } from './reach.ts';

type Statuses = Map<string, PresenceStatus>;

interface Part {
  version: number;
  count: number;
  /** `null`: too many to be named. */
  present: Statuses | null;
  /** Unix ms until which it holds. */
  until: number;
}

/** Everybody in the channel; `users` is `null` when there are too many to be named. */
interface Whole {
  readonly count: number;
  readonly users: Statuses | null;
}

/** What is in a word of another node, and whether it could be understood. */
export type Taken = 'taken' | 'known' | 'missed';

/**
 * One channel whose presence somebody here watches: the parts of all nodes, and what the watchers were told. A change costs
 * what changed, not what is there, as long as all are named.
 */
export class ChannelView {
  readonly watchers = new Set<Connection>();
  readonly #channel: string;
  readonly #local: LocalCrowd;
  readonly #parts = new Map<string, Part>();
  #told: Whole | null = null;
  #toldAt = 0;
  /** Who may show otherwise than told. */
  readonly #changed = new Set<string>();
  /** Anybody may: a part got or lost its names, or the watchers know none. */
  #isRecast = false;
  /** Whether some watchers know more than others. */
  #isUneven = false;

  constructor(channel: string, local: LocalCrowd) {
    this.#channel = channel;
    this.#local = local;
  }

  /** `user` came here, left, or shows otherwise. */
  touch(user: string): void {
    if (this.#told?.users) this.#changed.add(user);
    else this.#isRecast = true;
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
      known.until = Math.max(until, known.until);
      return 'known';
    }
    const { version, after, count } = word;
    if (after !== null && (after !== known?.version || known.present === null)) return 'missed';
    const present = this.#merge(known?.present ?? null, word);
    if (present === null || known?.present === null) this.#isRecast = true;
    this.#parts.set(node, { version, count, present, until });
    return 'taken';
  }

  /** Forgets parts that hold no longer at `now` (Unix ms). Returns when the next one ends. */
  expire(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const [node, { until, count, present }] of this.#parts) {
      if (until > now) {
        next = Math.min(next, until);
        continue;
      }
      this.#parts.delete(node);
      if (present === null && count > 0) this.#isRecast = true;
      for (const user of present?.keys() ?? []) this.touch(user);
    }
    return next;
  }

  /** For somebody who begins to watch: everything. */
  fullFrame(): ServerFrameOf<'presence'> {
    const whole = this.#whole();
    const frame = { ...this.#frame(whole.count, whole.users ?? new Map()), full: true };
    if (this.#told === null || this.watchers.size <= 1) this.#nowTold(whole);
    else if (this.hasChanges) this.#isUneven = true;
    return frame;
  }

  /** What changed for those who watch, if it is time to tell them. Who left the channel shows as offline. */
  takeFrame(now: number): ServerFrameOf<'presence'> | null {
    if (!this.hasChanges || this.watchers.size === 0) return null;
    const told = this.#told;
    const isLarge = told !== null && told.count > MOST_NAMED;
    if (now - this.#toldAt < (isLarge ? LARGE_GATHER_MS : GATHER_MS)) return null;
    const known = this.#isUneven ? null : told;
    const named = this.#isRecast ? null : known?.users;
    const frame = named ? this.#tellChanged(named) : this.#tellAll(known);
    if (frame) this.#toldAt = now;
    return frame;
  }

  get hasChanges(): boolean {
    return this.#isRecast || this.#changed.size > 0;
  }

  /** Brings what the watchers were told up to date. */
  #tellChanged(told: Statuses): ServerFrameOf<'presence'> | null {
    const changes: Statuses = new Map();
    for (const user of this.#changed) {
      const status = this.#statusOf(user);
      if (status === (told.get(user) ?? 'offline')) continue;
      changes.set(user, status);
      if (status === 'offline') told.delete(user);
      else told.set(user, status);
    }
    const isTooMany = told.size > MOST_NAMED;
    this.#nowTold({ count: told.size, users: isTooMany ? null : told });
    return changes.size > 0 ? this.#frame(told.size, isTooMany ? new Map() : changes) : null;
  }

  /** `known`: what all watchers know; `null`: not all the same. */
  #tellAll(known: Whole | null): ServerFrameOf<'presence'> | null {
    const whole = this.#whole();
    const { count, users } = whole;
    this.#nowTold(whole);
    if (known && users && known.users) {
      const changed = changesBetween(known.users, users);
      return changed.size > 0 ? this.#frame(count, changed) : null;
    }
    if (users) return { ...this.#frame(count, users), full: true };
    return known?.count === count ? null : this.#frame(count, new Map());
  }

  #nowTold(whole: Whole): void {
    this.#told = whole;
    this.#changed.clear();
    this.#isRecast = this.#isUneven = false;
  }

  /** Who is there according to a word, which follows on `known` unless it is about everybody. Notes who changed. */
  #merge(known: Statuses | null, { after, present }: CrowdWord): Statuses | null {
    if (present === null) return null;
    const users: Statuses = (after === null ? null : known) ?? new Map();
    for (const { user, status } of present) {
      if (known?.get(user) !== status) this.touch(user);
      if (status === 'offline') users.delete(user);
      else users.set(user, status);
    }
    if (after === null) for (const user of known?.keys() ?? []) if (!users.has(user)) this.touch(user);
    return users;
  }

  #statusOf(user: string): PresenceStatus {
    let best = this.#local.statusOf(user);
    for (const { present } of this.#parts.values()) best = moreReachable(best, present?.get(user) ?? 'offline');
    return best;
  }

  /** Users on several nodes count once where all are named; where a part has no names, its count is added. */
  #whole(): Whole {
    const local = this.#local.present();
    let nameless = local === null ? this.#local.count : 0;
    const users: Statuses = new Map(local?.map(({ user, status }) => [user, status]));
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

function changesBetween(
  told: ReadonlyMap<string, PresenceStatus>,
  now: ReadonlyMap<string, PresenceStatus>,
): ReadonlyMap<string, PresenceStatus> {
  const changes = new Map<string, PresenceStatus>();
  for (const user of told.keys()) if (!now.has(user)) changes.set(user, 'offline');
  for (const [user, status] of now) if (told.get(user) !== status) changes.set(user, status);
  return changes;
}
