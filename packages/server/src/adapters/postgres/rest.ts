import { decorrelatedJitter } from '@konferenco/core';

const PAUSE = { base_ms: 20, cap_ms: 500 };

/** What {@link rest} is given before the first pause. */
export const NO_PAUSE = PAUSE.base_ms;

/** Waits with decorrelated jitter. @returns the pause in ms, from which the next is made */
export async function rest(pause: number): Promise<number> {
  const next = decorrelatedJitter(pause, Math.random(), PAUSE);
  await Bun.sleep(next);
  return next;
}
