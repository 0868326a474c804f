import type { Clock, Store } from '@konferenco/core';
import type { Connection } from '../gateway/connection.ts';

/** Acknowledged inbox positions are stored together this often; a lost one only means that entries come once more. */
const FLUSH_MS = 500;

/** Gathers what devices acknowledge and stores it, one write for many. */
export class Cursors {
  readonly #store: Store;
  readonly #clock: Clock;
  #waiting = new Map<string, { user: string; device: string; inbox: number }>();
  #timer: (() => void) | null = null;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Notes that a connection's device has kept its inbox up to `inbox`. */
  note(connection: Connection, inbox: number): void {
    if (inbox <= connection.acked) return;
    connection.acked = inbox;
    const { user, device } = connection.identity;
    this.#waiting.set(`${user}/${device}`, { user, device, inbox });
    this.#timer ??= this.#clock.after(FLUSH_MS, () => void this.flush());
  }

  /** Stores what has gathered; what cannot be stored is left to the devices' next acknowledgement. */
  async flush(): Promise<void> {
    this.#timer?.();
    this.#timer = null;
    const cursors = [...this.#waiting.values()];
    this.#waiting = new Map();
    if (cursors.length > 0) await this.#store.saveCursors(cursors).catch(() => undefined);
  }
}
