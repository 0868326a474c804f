import type { Environment } from '../types.ts';
import type { TabLocks, TabSurroundings } from './surroundings.ts';

export interface LeaseEvents {
  readonly granted: () => void;
  /** Another took the lock away. */
  readonly stolen: () => void;
  /** There is no such lock to be had. */
  readonly failed: () => void;
}

/** One tab's claim on one lock at a time: waited for, held, and given up. */
export class Lease {
  readonly #locks: TabLocks;
  readonly #after: Environment['after'];
  /** Ends the present claim; null when there is none. */
  #giveUp: (() => void) | null = null;

  constructor({ locks, environment }: Pick<TabSurroundings, 'locks' | 'environment'>) {
    this.#locks = locks;
    this.#after = environment.after;
  }

  /** Gives up what it claimed before and claims this lock; with `steal`, at once and from whoever holds it. What an earlier claim reports is ignored. */
  request(name: string, events: LeaseEvents, options: { readonly steal?: boolean } = {}): void {
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
      // A tab that slept hears of the grant and of its end at the same moment: then it was none.
      this.#after(0, () => isCurrent && events.granted());
      return held.promise;
    };
    // A steal is granted at once, and the platform takes no signal with it.
    const how = options.steal ? { steal: true } : { signal: waiting.signal };
    this.#locks.request(name, how, hold).catch(() => {
      if (!isCurrent) return;
      isCurrent = false;
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
