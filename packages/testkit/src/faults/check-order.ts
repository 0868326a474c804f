import type { LogStored } from './history.ts';
import { type HistoryIndex, nameOf, type Operation } from './history-index.ts';
import type { Violation } from './violation.ts';

/** Logs are in an order that real time and each sender's own order allow. */
export function checkOrder(index: HistoryIndex): Violation[] {
  return [...index.stored.values()].flatMap((log) => {
    const operations = operationsOf(index, log);
    return [...checkRealTime(log, operations), ...checkSenders(log, operations)];
  });
}

interface Placed {
  readonly offset: number;
  readonly operation: Operation;
}

function operationsOf({ byId }: HistoryIndex, { entries }: LogStored): Placed[] {
  return entries.flatMap(({ id, offset }) => {
    const operation = byId.get(id);
    return operation ? [{ offset, operation }] : [];
  });
}

/**
 * No message stands before one that had been acknowledged before it was sent. Walking from the end, it is enough to know
 * the earliest acknowledgement among all that stand later.
 */
function checkRealTime({ log }: LogStored, placed: readonly Placed[]): Violation[] {
  const violations: Violation[] = [];
  let earliest: Placed | null = null;
  for (const here of placed.toReversed()) {
    if (earliest && here.operation.began > earliest.operation.ended) {
      violations.push({
        kind: 'time_travel',
        log,
        words: `${nameOf(here.operation)} stands at @${here.offset}, before ${nameOf(earliest.operation)} at @${earliest.offset}, which was acknowledged before it was sent`,
      });
    }
    if (here.operation.outcome.kind === 'ok' && here.operation.ended < (earliest?.operation.ended ?? Infinity))
      earliest = here;
  }
  return violations;
}

function checkSenders({ log }: LogStored, placed: readonly Placed[]): Violation[] {
  const newest = new Map<string, Placed>();
  return placed.flatMap((here): Violation[] => {
    const { user } = here.operation;
    const before = newest.get(user);
    if (before && before.operation.op > here.operation.op) {
      return [
        {
          kind: 'reorder',
          log,
          words: `${nameOf(here.operation)} stands at @${here.offset}, after ${nameOf(before.operation)} at @${before.offset}, which was sent later`,
        },
      ];
    }
    newest.set(user, here);
    return [];
  });
}
