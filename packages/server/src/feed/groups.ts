import type { StreamName } from '@konferenco/core';

export type GroupName = 'search' | 'analytics' | 'push' | 'federation' | 'archive';

/** What a group of consumers reads, and what becomes of a message it cannot handle. */
export interface GroupPlan {
  readonly streams: readonly StreamName[];
  /** Messages handled together at the most. */
  readonly batch: number;
  /** Pause between two batches, in which the next one gathers, in milliseconds; by default none. */
  readonly gather_ms?: number;
  /** Tries before a message goes to the dead letters. */
  readonly tries: number;
  /** Pauses before the second and later tries, in milliseconds; the last one repeats. */
  readonly pauses_ms: readonly number[];
}

const STORED: readonly StreamName[] = ['CHAT', 'SCHEDULE', 'MARKETPLACE'];
const quick = { batch: 256, tries: 5, pauses_ms: [1_000, 5_000, 30_000] } as const;
/** Others' servers may be away for a night. */
const distant = { batch: 32, tries: 12, pauses_ms: [5_000, 60_000, 600_000, 3_600_000] } as const;

/** Every group there is. A node runs those it has a handler for; a group without any costs nothing. */
export const GROUPS: Readonly<Record<GroupName, GroupPlan>> = {
  /** An index outside the store. */
  search: { streams: STORED, ...quick },
  /** Counts over time. A transaction for each message would cost PostgreSQL more than storing it did. */
  analytics: { streams: [...STORED, 'PRESENCE'], ...quick, batch: 2_048, gather_ms: 1_000 },
  /** Notifications to devices without a connection. */
  push: { streams: ['CHAT', 'SCHEDULE', 'MARKETPLACE'], ...distant, batch: 64 },
  /** Other servers. */
  federation: { streams: ['CHAT', 'SCHEDULE'], ...distant },
  /** A copy for keeping, beyond what the store retains. */
  archive: { streams: STORED, ...quick },
};
