import { checkDelivery } from './check-delivery.ts';
import { checkEffects } from './check-effects.ts';
import { checkOrder } from './check-order.ts';
import { checkRights } from './check-rights.ts';
import { checkStore } from './check-store.ts';
import type { HistoryEvent } from './history.ts';
import { type Counts, HistoryIndexer } from './history-index.ts';
import type { Violation } from './violation.ts';

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly counts: Counts;
}

/**
 * What a recorded run, final read included, proves against the system.
 *
 * The history has to hold every operation and everything each session was told, in real-time order, and at the end the
 * contents of every log that was written to. Reasons for a violation lie in the history alone: nothing is asked, nothing
 * depends on time.
 *
 * @throws {RangeError} when the history contradicts itself.
 */
export async function checkHistory(events: Iterable<HistoryEvent> | AsyncIterable<HistoryEvent>): Promise<Verdict> {
  const indexer = new HistoryIndexer();
  for await (const event of events) indexer.add(event);
  const index = indexer.index();
  const violations = [
    ...checkStore(index),
    ...checkOrder(index),
    ...checkDelivery(index),
    ...checkRights(index),
    ...checkEffects(index),
  ];
  return { violations, counts: index.counts };
}
