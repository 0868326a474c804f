import type { Clock, Store } from '@konferenco/core';
import type { Connection } from '../gateway/connection.ts';

/** Acknowledged inbox positions are stored together this often; a lost one only means that entries come once more. */
const FLUSH_MS = 500;

interface Noted {
  readonly user: string;
  readonly device: string;
  readonly inbox: number;
}

/** Gathers what devices acknowledge and stores it, one write for many. */
export class Cursors {
  readonly #store: Store;
  readonly #clock: Clock;
  #waiting = new Map<string, Noted>();
  /** On their way into the store. */
  #storing: ReadonlyMap<string, Noted> = new Map();
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
    const key = keyOf(user, device);
    if (inbox <= (this.#waiting.get(key)?.inbox ?? 0)) return;
    this.#waiting.set(key, { user, device, inbox });
    this.#timer ??= this.#clock.after(FLUSH_MS, () => void this.flush());
  }

  /** Up to where a device has kept its inbox, as far as stored or noted here; `null` for a device never heard of. */
  async position(user: string, device: string): Promise<number | null> {
    const key = keyOf(user, device);
    // Looked up before the store is read: what leaves these maps in the meantime is in the store by then.
    const noted = Math.max(this.#waiting.get(key)?.inbox ?? 0, this.#storing.get(key)?.inbox ?? 0);
    const stored = await this.#store.cursor(user, device);
    return noted > (stored ?? 0) ? noted : stored;
  }

  /** Stores what has gathered; what cannot be stored is left to the devices' next acknowledgement. */
  async flush(): Promise<void> {
    this.#timer?.();
    this.#timer = null;
    const cursors = this.#waiting;
    this.#waiting = new Map();
    if (cursors.size === 0) return;
    this.#storing = cursors;
    await this.#store.saveCursors([...cursors.values()]).catch(() => undefined);
    if (this.#storing === cursors) this.#storing = new Map();
  }
}

function keyOf(user: string, device: string): string {
  return `${user}/${device}`;
}
