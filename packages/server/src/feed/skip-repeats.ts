import type { StreamRecord } from '@konferenco/core';
import type { Handler } from './consumer.ts';

/** Ids remembered unless said otherwise: those of about a minute of a large event. */
const REMEMBERED = 100_000;

/**
 * A handler that is not bothered again with what it has handled: the ids of the newest messages are remembered in memory. It
 * makes repeats rare, not impossible: after a restart nothing is remembered, so that effects which must not happen twice need
 * a key of their own where they happen.
 */
export function skipRepeats(handler: Handler, remembered = REMEMBERED): Handler {
  const done = new Set<string>();
  return async (records) => {
    const fresh = new Map<string, StreamRecord>();
    for (const record of records) {
      const key = `${record.sender}/${record.id}`;
      if (!done.has(key)) fresh.set(key, record);
    }
    if (fresh.size > 0) await handler([...fresh.values()]);
    for (const key of fresh.keys()) done.add(key);
    for (const key of done) {
      if (done.size <= remembered) break;
      done.delete(key);
    }
  };
}
