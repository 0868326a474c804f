import type { PresenceStatus, ServerFrameOf } from '@konferenco/protocol';
import { asError, type KonferencoError } from './errors.ts';
import { Signal } from './events.ts';
import type { Wire } from './request.ts';
import type { PresenceView } from './types.ts';

interface Watched {
  readonly channels?: readonly string[];
  readonly users?: readonly string[];
}

/** Who is here, as the server last said. Forgets everything with the connection, for what was known is not so any more. */
export class Presence implements PresenceView {
  readonly #wire: Wire;
  readonly #failed: (error: KonferencoError) => void;
  readonly #changes = new Signal();
  /** Of people watched by name. */
  #statuses = new Map<string, PresenceStatus>();
  /** Of the people named in each watched channel: whoever leaves a channel may still be here. */
  readonly #named = new Map<string, Map<string, PresenceStatus>>();
  #counts = new Map<string, number>();
  #watched: Watched = {};
  #own: 'online' | 'away' | 'busy' = 'online';

  constructor(wire: Wire, failed: (error: KonferencoError) => void) {
    this.#wire = wire;
    this.#failed = failed;
  }

  /** One's own status, for the next hello. */
  get own(): 'online' | 'away' | 'busy' {
    return this.#own;
  }

  status(user: string): PresenceStatus {
    const watched = this.#statuses.get(user);
    if (watched !== undefined) return watched;
    for (const named of this.#named.values()) {
      const status = named.get(user);
      if (status !== undefined) return status;
    }
    return 'offline';
  }

  count(channel: string): number | null {
    return this.#counts.get(channel) ?? null;
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  watch(what: Watched): void {
    this.#watched = what;
    this.#forgetOthers();
    this.#send();
  }

  set(status: 'online' | 'away' | 'busy'): void {
    this.#own = status;
    this.#wire.say({ type: 'presence', status });
  }

  take(frame: ServerFrameOf<'presence'>): void {
    if (frame.channel === undefined) for (const { user_id, status } of frame.users) this.#statuses.set(user_id, status);
    else this.#takeChannel(frame.channel, frame);
    this.#changes.emit();
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
  #forgetOthers(): void {
    const channels = new Set(this.#watched.channels);
    const users = new Set(this.#watched.users);
    for (const channel of [...this.#counts.keys()]) {
      if (channels.has(channel)) continue;
      this.#counts.delete(channel);
      this.#named.delete(channel);
    }
    for (const user of [...this.#statuses.keys()]) if (!users.has(user)) this.#statuses.delete(user);
  }

  resume(): void {
    if ((this.#watched.channels?.length ?? 0) + (this.#watched.users?.length ?? 0) > 0) this.#send();
  }

  lost(): void {
    this.#statuses = new Map();
    this.#counts = new Map();
    this.#named.clear();
    this.#changes.emit();
  }

  #send(): void {
    if (!this.#wire.online) return;
    const { channels, users } = this.#watched;
    const fields = { ...(channels ? { channels: [...channels] } : {}), ...(users ? { users: [...users] } : {}) };
    this.#wire.ask('watch', fields).catch((thrown: unknown) => {
      const error = asError(thrown);
      if (error.error !== 'disconnected') this.#failed(error);
    });
  }
}
