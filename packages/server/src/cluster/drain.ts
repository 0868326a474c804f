import type { Clock, DrainProgress } from '@konferenco/core';
import type { DrainOptions } from '../gateway/gateway.ts';

export interface DrainDeps {
  readonly clock: Clock;
  readonly door: { draining: boolean };
  readonly gateway: {
    readonly connections: number;
    drain(within_ms: number, options: DrainOptions): Promise<void>;
  };
  /** Called when the node begins to drain and when it opens again, before anybody is asked to move. */
  readonly changed: () => void;
}

/** Empties this node, and opens it again when the operator thinks better of it. */
export class Drain {
  readonly #deps: DrainDeps;
  #running: (Omit<DrainProgress, 'left'> & { readonly abort: AbortController }) | null = null;

  constructor(deps: DrainDeps) {
    this.#deps = deps;
  }

  /** `null` while the node is open. */
  get progress(): DrainProgress | null {
    if (!this.#running) return null;
    const { abort: _, ...progress } = this.#running;
    return { ...progress, left: this.#deps.gateway.connections };
  }

  /**
   * Closes the door and asks everybody to move. Begun again, it goes on with the new time.
   *
   * @param within_ms the time for all of it.
   * @returns whether everybody has left; false when it was cancelled or begun again.
   */
  async begin(reason: string, within_ms: number): Promise<boolean> {
    const { clock, door, gateway, changed } = this.#deps;
    this.#running?.abort.abort();
    const abort = new AbortController();
    const began_at = clock.now();
    const connections = gateway.connections;
    const begun = { reason, began_at, ends_by: began_at + within_ms, connections, abort } as const;
    let asked = 0;
    this.#running = { ...begun, asked, phase: 'moving' };
    door.draining = true;
    changed();
    await gateway.drain(within_ms, {
      signal: abort.signal,
      asked: (count) => {
        asked += count;
        if (!abort.signal.aborted) this.#running = { ...begun, asked, phase: 'moving' };
      },
    });
    if (abort.signal.aborted) return false;
    this.#running = { ...begun, asked, phase: 'done' };
    return true;
  }

  /** Opens the node again; who was asked to move still does. Returns false when it was open. */
  cancel(): boolean {
    if (!this.#running) return false;
    this.#running.abort.abort();
    this.#running = null;
    this.#deps.door.draining = false;
    this.#deps.changed();
    return true;
  }
}
