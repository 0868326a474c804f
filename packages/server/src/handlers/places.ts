import type { LiveLog } from '../fanout/live-log.ts';
import type { Services } from './services.ts';

/** For how long the answer of the store is good for others: what was committed since comes live. */
const PLACE_KEPT_MS = 1_000;

/**
 * Asks the store where logs stand that somebody subscribed to, except where it said so in the last second: everybody who comes
 * back to a hall at once is one question. Rejects when the store cannot be read.
 */
export async function learnPlaces({ store, clock }: Services, logs: readonly LiveLog[]): Promise<void> {
  const now = clock.now();
  const unknown = logs.filter(({ askedAt }) => now < askedAt || now - askedAt >= PLACE_KEPT_MS);
  if (unknown.length === 0) return;
  const states = await store.states(unknown.map(({ name }) => name));
  for (const [index, live] of unknown.entries()) live.learn(states[index] ?? { first: 0, head: 0 }, now);
}
