import type { Clock } from '@konferenco/core';

/** Resolves when `promise` settles, and after `ms` milliseconds at the latest. */
export async function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<void> {
  let cancel = () => {};
  const late = new Promise<void>((resolve) => {
    cancel = clock.after(ms, resolve);
  });
  await Promise.race([promise, late]);
  cancel();
}
