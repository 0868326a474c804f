export interface Pace {
  readonly per_s: number;
  readonly ms: number;
  /**
   * Due moments are looked for this often, in ms from 1 up, and called late by as much. Absent: called to the moment, which
   * keeps a core busy as soon as moments are less than 2 ms apart, so it is for a generator with a core of its own.
   */
  readonly beat_ms?: number;
}

/** Timers wake within about this time; nearer moments are waited for by yielding to the event loop. */
const TIMER_MS = 2;

/**
 * Calls `send` for each of the moments of an even schedule, with the moment it was meant for: a generator that falls
 * behind catches up and never leaves a moment out, so its own delays and the server's both show in latencies measured
 * from that moment (no coordinated omission). Resolves with the number of calls.
 */
export function pace({ per_s, ms, beat_ms }: Pace, send: (planned: number) => void): Promise<number> {
  const total = Math.max(1, Math.floor((per_s * ms) / 1000));
  const start = performance.now();
  const plannedOf = (index: number) => start + (index * 1000) / per_s;
  let sent = 0;
  return new Promise((resolve) => {
    const tick = () => {
      const now = performance.now();
      while (sent < total && plannedOf(sent) <= now) send(plannedOf(sent++));
      if (sent === total) return resolve(total);
      const wait = plannedOf(sent) - now;
      if (beat_ms !== undefined) setTimeout(tick, Math.max(wait, beat_ms));
      else if (wait > TIMER_MS) setTimeout(tick, wait - TIMER_MS);
      else setImmediate(tick);
    };
    tick();
  });
}

/** Resolves when `isDone`, looked at on every turn of a 1 ms timer, is true; false after `ms` in vain. */
export async function settled(isDone: () => boolean, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (!isDone()) {
    if (performance.now() > deadline) return false;
    await Bun.sleep(1);
  }
  return true;
}
