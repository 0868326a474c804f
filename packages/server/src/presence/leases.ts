import type { Lease } from '@konferenco/core';
import type { PresenceStatus } from '@konferenco/protocol';
import { Agenda } from './agenda.ts';
import { moreReachable } from './reach.ts';

interface Word {
  readonly status: PresenceStatus;
  readonly version: number;
  /** Unix ms until which it holds. */
  readonly until: number;
}

/**
 * What other nodes said of their own connections of some users. Words come late, twice, or not at all: the newest of each node
 * counts, and no longer than its lease.
 */
export class Leases {
  readonly #users = new Map<string, Map<string, Word>>();
  /** When each user's first lease ends. */
  readonly #ends = new Agenda<string>();

  /**
   * Takes what `node` says. An ended lease is remembered as long as one that holds: an older word may still come.
   *
   * @param until Unix ms
   * @returns whether it is news.
   */
  take(node: string, { user, status, version }: Lease, until: number): boolean {
    const words = this.#users.get(user) ?? new Map<string, Word>();
    this.#users.set(user, words);
    const known = words.get(node);
    if (known && known.version > version) return false;
    const ends = known?.version === version ? Math.max(known.until, until) : until;
    words.set(node, { status, version, until: ends });
    this.#ends.set(user, ends);
    return (known?.status ?? 'offline') !== status;
  }

  /** The most reachable of what the nodes say. */
  statusOf(user: string): PresenceStatus {
    let best: PresenceStatus = 'offline';
    for (const { status } of this.#users.get(user)?.values() ?? []) best = moreReachable(best, status);
    return best;
  }

  forget(user: string): void {
    this.#users.delete(user);
  }

  /** Forgets what holds no longer at `now` (Unix ms). Returns the users concerned. */
  expire(now: number): readonly string[] {
    const expired: string[] = [];
    for (const user of this.#ends.take(now)) {
      const words = this.#users.get(user);
      if (!words) continue;
      let next = Number.POSITIVE_INFINITY;
      let isGone = false;
      for (const [node, { status, until }] of words) {
        if (until > now) next = Math.min(next, until);
        else {
          words.delete(node);
          isGone ||= status !== 'offline';
        }
      }
      if (isGone) expired.push(user);
      if (words.size === 0) this.#users.delete(user);
      else this.#ends.set(user, next);
    }
    return expired;
  }
}
