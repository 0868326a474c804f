import type { PresenceStatus, ServerFrameOf } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';

/** Above this many people a channel shows its count and no names. */
const MOST_NAMED = 200;

/** Who is in one watched channel, and what changed since its watchers were told last. */
export class ChannelWatch {
  readonly watchers = new Set<Connection>();
  readonly #channel: string;
  /** Connections of each user that hear the channel. */
  readonly #users = new Map<string, number>();
  readonly #changed = new Set<string>();

  constructor(channel: string) {
    this.#channel = channel;
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

  statusChanged(user: string): void {
    if (this.#users.has(user)) this.#changed.add(user);
  }

  /** Users that changed since the last call. */
  takeChanges(): readonly string[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  fullFrame(statusOf: (user: string) => PresenceStatus): ServerFrameOf<'presence'> {
    const named = this.#users.size <= MOST_NAMED ? [...this.#users.keys()] : [];
    return { ...this.#frame(named, statusOf), full: true };
  }

  /** `null` when nothing changed. Somebody who left shows as offline here: gone from this channel. */
  deltaFrame(statusOf: (user: string) => PresenceStatus): ServerFrameOf<'presence'> | null {
    const changed = this.takeChanges();
    if (changed.length === 0) return null;
    const here = (user: string): PresenceStatus => (this.#users.has(user) ? statusOf(user) : 'offline');
    return this.#frame(this.#users.size <= MOST_NAMED ? changed : [], here);
  }

  #frame(users: readonly string[], statusOf: (user: string) => PresenceStatus): ServerFrameOf<'presence'> {
    return {
      type: 'presence',
      channel: this.#channel,
      count: this.#users.size,
      users: users.map((user) => ({ user_id: user, status: statusOf(user) })),
    };
  }
}
