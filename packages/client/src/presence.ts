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
  #statuses = new Map<string, PresenceStatus>();
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
    return this.#statuses.get(user) ?? 'offline';
  }

  count(channel: string): number | null {
    return this.#counts.get(channel) ?? null;
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  watch(what: Watched): void {
    this.#watched = what;
    this.#send();
  }

  set(status: 'online' | 'away' | 'busy'): void {
    this.#own = status;
    this.#wire.say({ type: 'presence', status });
  }

  take(frame: ServerFrameOf<'presence'>): void {
    if (frame.channel !== undefined && frame.count !== undefined) this.#counts.set(frame.channel, frame.count);
    for (const { user_id, status } of frame.users) this.#statuses.set(user_id, status);
    this.#changes.emit();
  }

  resume(): void {
    if ((this.#watched.channels?.length ?? 0) + (this.#watched.users?.length ?? 0) > 0) this.#send();
  }

  lost(): void {
    this.#statuses = new Map();
    this.#counts = new Map();
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
