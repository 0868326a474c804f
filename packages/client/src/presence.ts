import type { PresenceStatus, ServerFrameOf } from '@konferenco/protocol';
import { asError, type KonferencoError } from './errors.ts';
import { Signal } from './events.ts';
import type { ToldPresence } from './presence-told.ts';
import type { Wire } from './request.ts';
import type { PresenceView } from './types.ts';

export interface Watched {
  readonly channels?: readonly string[];
  readonly users?: readonly string[];
}

/** Who is here, as the server last said. Forgets everything with the connection, for what was known is not so any more. */
export class Presence implements PresenceView {
  readonly #wire: Wire;
  readonly #failed: (error: KonferencoError) => void;
  readonly #changes = new Signal();
  /** `null` until something is watched on this connection. */
  #told: ToldPresence | null = null;
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
    return this.#told?.status(user) ?? 'offline';
  }

  count(channel: string): number | null {
    return this.#told?.count(channel) ?? null;
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  watch(what: Watched): void {
    this.#watched = what;
    this.#told?.keep(what);
    void this.#send();
  }

  set(status: 'online' | 'away' | 'busy'): void {
    this.#own = status;
    this.#wire.say({ type: 'presence', status });
  }

  take(frame: ServerFrameOf<'presence'>): void {
    this.#told?.take(frame);
    this.#changes.emit();
  }

  resume(): void {
    if (Object.values(this.#watched).some((ids: readonly string[]) => ids.length > 0)) void this.#send();
  }

  lost(): void {
    this.#told = null;
    this.#changes.emit();
  }

  async #send(): Promise<void> {
    if (!this.#wire.online) return;
    try {
      const { ToldPresence } = await import('./presence-told.ts');
      this.#told ??= new ToldPresence();
      const { channels = [], users = [] } = this.#watched;
      await this.#wire.ask('watch', { channels: [...channels], users: [...users] });
    } catch (thrown) {
      const error = asError(thrown);
      if (error.error !== 'disconnected') this.#failed(error);
    }
  }
}
