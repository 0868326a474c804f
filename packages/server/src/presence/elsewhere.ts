import type { PresenceStatus } from '@konferenco/protocol';

/** How often a node repeats who is connected to it, on a bus that may lose what it said before. */
export const REPEAT_MS = 25_000;
/** What a node said holds this long: a node that died, or whose word that somebody left was lost, is believed no longer. */
export const LEASE_MS = 80_000;

interface Word {
  readonly status: PresenceStatus;
  /** Unix ms until which it holds. */
  readonly until: number;
}

/** What other nodes said of their own connections. */
export class Elsewhere {
  readonly #users = new Map<string, Map<string, Word>>();

  /** Takes what `node` says of `user` at `now` (Unix ms). Returns whether it is news. */
  take(user: string, node: string, status: PresenceStatus, now: number): boolean {
    const words = this.#users.get(user);
    const known = words?.get(node)?.status ?? 'offline';
    if (status === 'offline') this.#forget(user, node);
    else if (words) words.set(node, { status, until: now + LEASE_MS });
    else this.#users.set(user, new Map([[node, { status, until: now + LEASE_MS }]]));
    return known !== status;
  }

  statusesOf(user: string): readonly PresenceStatus[] {
    return [...(this.#users.get(user)?.values() ?? [])].map(({ status }) => status);
  }

  /** Forgets what holds no longer. Returns the users concerned. */
  expire(now: number): readonly string[] {
    const expired: string[] = [];
    for (const [user, words] of this.#users) {
      for (const [node, { until }] of words) {
        if (until > now) continue;
        this.#forget(user, node);
        expired.push(user);
      }
    }
    return expired;
  }

  #forget(user: string, node: string): void {
    const words = this.#users.get(user);
    words?.delete(node);
    if (words?.size === 0) this.#users.delete(user);
  }
}
