import type { PresenceStatus, ServerFrameOf } from '@konferenco/protocol';
import type { Watched } from './presence.ts';

/** What the server told of who is here, as far as it is watched. Loaded with the first that is. */
export class ToldPresence {
  /** Of people watched by name. */
  #statuses = new Map<string, PresenceStatus>();
  /** Of the people named in each watched channel: whoever leaves a channel may still be here. */
  readonly #named = new Map<string, Map<string, PresenceStatus>>();
  readonly #counts = new Map<string, number>();

  status(user: string): PresenceStatus | undefined {
    const watched = this.#statuses.get(user);
    if (watched !== undefined) return watched;
    for (const named of this.#named.values()) {
      const status = named.get(user);
      if (status !== undefined) return status;
    }
    return undefined;
  }

  count(channel: string): number | undefined {
    return this.#counts.get(channel);
  }

  take(frame: ServerFrameOf<'presence'>): void {
    if (frame.channel === undefined) for (const { user_id, status } of frame.users) this.#statuses.set(user_id, status);
    else this.#takeChannel(frame.channel, frame);
  }

  #takeChannel(channel: string, { count = 0, full, users }: ServerFrameOf<'presence'>): void {
    this.#counts.set(channel, count);
    // A frame of a channel with too many people names nobody, and neither do those after it.
    const isNameless = users.length === 0 && count > 0;
    const named = full || isNameless ? new Map<string, PresenceStatus>() : (this.#named.get(channel) ?? new Map());
    for (const { user_id, status } of users) {
      if (status === 'offline') named.delete(user_id);
      else named.set(user_id, status);
    }
    this.#named.set(channel, named);
  }

  /** What is watched no more is not told of any more. */
  keep(watched: Watched): void {
    const channels = new Set(watched.channels);
    const users = new Set(watched.users);
    for (const channel of [...this.#counts.keys()]) {
      if (channels.has(channel)) continue;
      this.#counts.delete(channel);
      this.#named.delete(channel);
    }
    for (const user of [...this.#statuses.keys()]) if (!users.has(user)) this.#statuses.delete(user);
  }
}
