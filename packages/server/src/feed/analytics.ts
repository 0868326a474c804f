import type { AnalyticsStore } from '@konferenco/core';
import type { Handler } from './consumer.ts';

/** The handler of the group `analytics`: counts every message once, by event, stream, type and five minutes. */
export function countMessages(store: Pick<AnalyticsStore, 'add'>): Handler {
  return async (records) => {
    await store.add(
      records.map(({ stream, incarnation, sequence, event, type, at }) => ({
        stream,
        incarnation,
        sequence,
        event,
        type,
        at,
      })),
    );
  };
}
