import type { TabLocks } from './surroundings.ts';

export interface LeaseEvents {
  readonly granted: () => void;
  /** Another took the lock away. */
  readonly stolen: () => void;
  /** There is no such lock to be had. */
  readonly failed: () => void;
}

/** One tab's claim on one lock: waited for, held, and given up. */
export class Lease {
  readonly #locks: TabLocks;
  readonly #name: string;
  /** Ends the present claim; null when there is none. */
  #giveUp: (() => void) | null = null;

  constructor(locks: TabLocks, name: string) {
    this.#locks = locks;
    this.#name = name;
  }

  /** Claims the lock anew; with `steal`, at once and from whoever holds it. What an earlier claim reports is ignored. */
  request(events: LeaseEvents, options: { readonly steal?: boolean } = {}): void {
    this.release();
    const waiting = new AbortController();
    const held = Promise.withResolvers<void>();
    let isCurrent = true;
    let isHeld = false;
    this.#giveUp = () => {
      isCurrent = false;
      held.resolve();
      waiting.abort();
    };
    const hold = (): Promise<void> => {
      isHeld = true;
      if (isCurrent) events.granted();
      return held.promise;
    };
    // A steal is granted at once, and the platform takes no signal with it.
    const how = options.steal ? { steal: true } : { signal: waiting.signal };
    this.#locks.request(this.#name, how, hold).catch(() => {
      if (!isCurrent) return;
      this.#giveUp = null;
      if (isHeld) events.stolen();
      else events.failed();
    });
  }

  /** Gives the lock back, or the place in its queue. */
  release(): void {
    this.#giveUp?.();
    this.#giveUp = null;
  }
}
