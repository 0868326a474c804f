import type { WakeEnd } from '@konferenco/client/background';

/** How often, and after what time, it is looked whether open pages have sent what waits. */
const LOOKS = 3;
const LOOK_MS = 5_000;

/** Something waits that could not be sent. A browser that is told so wakes the worker again, later and later. */
export class StillWaitingError extends Error {
  override readonly name = 'StillWaitingError';
}

export interface WakeDeps {
  /** Tells open pages that there is a network. */
  readonly wakePages: () => Promise<void>;
  /** Sends what waits, unless a page does. */
  readonly send: () => Promise<WakeEnd>;
  readonly pause: (ms: number) => Promise<void>;
}

/**
 * Sees to it that what waits leaves: by an open page, which may have given up on the network for a while, or else from here.
 * A page that is open and cannot send counts as a failure, for it may be closed by the next time.
 *
 * @throws {StillWaitingError}
 */
export async function wake({ wakePages, send, pause }: WakeDeps): Promise<void> {
  await wakePages();
  for (let looks = 0; ; looks++) {
    const end = await send();
    if (end === 'done') return;
    if (end === 'later' || looks === LOOKS) throw new StillWaitingError(end);
    await pause(LOOK_MS);
  }
}
