/** The time as screens show it: it moves in steps, so that relative times age together. */
export interface Clock {
  /** Unix milliseconds at the last step. */
  state: () => number;
  subscribe: (fn: () => void) => () => void;
}

const STEP_MS = 30_000;

/** Ticks only while somebody looks. */
export function createClock(now: () => number): Clock {
  const listeners = new Set<() => void>();
  let value = now();
  let timer: ReturnType<typeof setInterval> | null = null;
  const tick = (): void => {
    value = now();
    for (const fn of [...listeners]) fn();
  };
  return {
    state: () => value,
    subscribe(fn) {
      listeners.add(fn);
      timer ??= setInterval(tick, STEP_MS);
      return () => {
        listeners.delete(fn);
        if (listeners.size > 0 || timer === null) return;
        clearInterval(timer);
        timer = null;
      };
    },
  };
}
