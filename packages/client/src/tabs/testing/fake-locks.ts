import type { TabLocks } from '../surroundings.ts';

/** Who asked: how its code is run, if it still can be. */
export interface LockAgent {
  run(fn: () => void): void;
}

interface Request {
  readonly agent: LockAgent;
  readonly hold: (lock: object | null) => Promise<void>;
  readonly settled: PromiseWithResolvers<void>;
}

interface Lock {
  holder: Request | null;
  readonly queue: Request[];
}

/** The Web Locks of one origin, as the specification has them: a queue for each name, stealing, and release on death. */
export class FakeLocks {
  readonly #locks = new Map<string, Lock>();

  /** The API as one tab sees it. */
  of(agent: LockAgent): TabLocks {
    return {
      request: (name, { signal, steal, ifAvailable }, hold) => {
        const lock = this.#lock(name);
        const request: Request = { agent, hold, settled: Promise.withResolvers() };
        if (steal) {
          const robbed = lock.holder;
          lock.holder = null;
          robbed?.agent.run(() => robbed.settled.reject(new DOMException('stolen', 'AbortError')));
          lock.queue.unshift(request);
        } else if (ifAvailable && (lock.holder || lock.queue.length > 0)) {
          agent.run(() => void hold(null).then(request.settled.resolve, request.settled.reject));
          return request.settled.promise;
        } else lock.queue.push(request);
        signal?.addEventListener('abort', () => {
          const place = lock.queue.indexOf(request);
          if (place < 0) return;
          lock.queue.splice(place, 1);
          request.settled.reject(new DOMException('aborted', 'AbortError'));
        });
        this.#grant(name, lock);
        return request.settled.promise;
      },
      held: async () => [...this.#locks].flatMap(([name, { holder }]) => (holder ? [name] : [])),
    };
  }

  /** The tab is gone, and with it what it held and waited for. */
  release(agent: LockAgent): void {
    for (const [name, lock] of this.#locks) {
      for (const request of lock.queue.filter((one) => one.agent === agent))
        lock.queue.splice(lock.queue.indexOf(request), 1);
      if (lock.holder?.agent === agent) lock.holder = null;
      this.#grant(name, lock);
    }
  }

  /** Who holds the lock. */
  holder(name: string): LockAgent | null {
    return this.#locks.get(name)?.holder?.agent ?? null;
  }

  #lock(name: string): Lock {
    const lock = this.#locks.get(name) ?? { holder: null, queue: [] };
    this.#locks.set(name, lock);
    return lock;
  }

  #grant(name: string, lock: Lock): void {
    if (lock.holder) return;
    const next = lock.queue.shift();
    if (!next) return;
    lock.holder = next;
    const ended = () => {
      next.settled.resolve();
      if (lock.holder !== next) return;
      lock.holder = null;
      this.#grant(name, lock);
    };
    next.agent.run(() => void next.hold({ name }).then(ended, ended));
  }
}
