import type { Present } from '@konferenco/core';
import type { PresenceStatus } from '@konferenco/protocol';
import { MOST_NAMED } from './pace.ts';

/** What is to be said of a crowd: `present` is everybody when `after` is `null`, otherwise those who changed since then. */
export interface CrowdWord {
  readonly version: number;
  readonly after: number | null;
  readonly count: number;
  readonly present: readonly (Present | { readonly user: string; readonly status: 'offline' })[] | null;
}

/** Who hears one channel on this node. */
export class LocalCrowd {
  /** Connections of each user that hear the channel. */
  readonly #users = new Map<string, number>();
  readonly #changed = new Set<string>();
  readonly #here: (user: string) => PresenceStatus;
  /** Of what was said last; `null`: nothing, or without names. */
  #said: number | null = null;

  /** `here`: the merge of a user's connections to this node. */
  constructor(here: (user: string) => PresenceStatus) {
    this.#here = here;
  }

  get count(): number {
    return this.#users.size;
  }

  /** Whether there are few enough to be named. */
  get isNamed(): boolean {
    return this.#users.size <= MOST_NAMED;
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0;
  }

  users(): Iterable<string> {
    return this.#users.keys();
  }

  /** How `user` shows here; `offline`: not in this channel. */
  statusOf(user: string): PresenceStatus {
    return this.#users.has(user) ? this.#here(user) : 'offline';
  }

  join(user: string): void {
    const connections = this.#users.get(user) ?? 0;
    this.#users.set(user, connections + 1);
    if (connections === 0) this.#changed.add(user);
  }

  leave(user: string): void {
    const connections = this.#users.get(user) ?? 0;
    if (connections > 1) this.#users.set(user, connections - 1);
    else if (this.#users.delete(user)) this.#changed.add(user);
  }

  /** `user` shows otherwise. Returns whether they are here. */
  touch(user: string): boolean {
    if (!this.#users.has(user)) return false;
    this.#changed.add(user);
    return true;
  }

  /** Everybody, or `null` when there are too many to be named. */
  present(): readonly Present[] | null {
    if (!this.isNamed) return null;
    return [...this.#users.keys()].flatMap((user) => {
      const status = this.#here(user);
      return status === 'offline' ? [] : [{ user, status }];
    });
  }

  /** What is to be said now as `version`. `whole`: to somebody who may not know what was said before. */
  say(version: number, whole: boolean): CrowdWord {
    const { count, isNamed } = this;
    const after = whole || !isNamed ? null : this.#said;
    const changes = () => [...this.#changed].map((user) => ({ user, status: this.statusOf(user) }));
    const present = after === null ? this.present() : changes();
    this.#changed.clear();
    this.#said = isNamed ? version : null;
    return { version, after, count, present };
  }

  /** Is to be counted from the beginning. */
  forgetAll(): void {
    this.#users.clear();
    this.forgetChanges();
  }

  /** Nobody wants to be told: what is said next is everything. */
  forgetChanges(): void {
    this.#changed.clear();
    this.#said = null;
  }
}
