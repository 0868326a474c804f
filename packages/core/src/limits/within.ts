import type { Clock } from '../ports/clock.ts';

/** Resolves when `promise` settles, either way, and after `ms` milliseconds at the latest. */
export async function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<void> {
  let cancel = () => {};
  const late = new Promise<void>((resolve) => {
    cancel = clock.after(ms, resolve);
  });
  await Promise.race([promise.catch(() => undefined), late]);
  cancel();
}
