import type { Access, Authenticator, Bus, Clock, Rates, Store } from '@konferenco/core';
import type { Envelope } from '@konferenco/protocol';
import type { Context } from '../accounts/context.ts';
import type { Hub } from '../fanout/hub.ts';
import type { Buckets } from '../http/limits.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { PositionKeeper } from '../positions/keeper.ts';
import type { Presence } from '../presence/presence.ts';
import type { Cursors } from './cursors.ts';
import type { ReadMarks } from './read-marks.ts';

/** What handlers work with; built once a node. */
export interface Services {
  readonly node: string;
  readonly store: Store;
  readonly bus: Bus;
  readonly access: Access;
  readonly authenticator: Authenticator;
  /** Accounts, and the documents of replicated state. */
  readonly accounts: Context;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly hub: Hub;
  readonly presence: Presence;
  /** Keeps where people were, of those who want it; without it no positions are taken. */
  readonly positions?: PositionKeeper;
  readonly readMarks: ReadMarks;
  readonly cursors: Cursors;
  /** `null`: no rates, for load tests. */
  readonly limits: Rates | null;
  /** Syncs of one person; `null`: as many as they like, for load tests. */
  readonly syncRate: Buckets | null;
  /** Pairs whose direct conversation is known to be listed. */
  readonly knownPairs: PairCache;
  /** Whether an envelope's Ed25519 signature verifies with the key of its sender's device. */
  readonly verifySignature: (envelope: Envelope) => Promise<boolean>;
  readonly newId: () => string;
  /** Told of a fault in a handler, for the operator's log. */
  readonly onFault: (error: unknown) => void;
  /** Bytes that may wait for one connection. */
  readonly sendBuffer: number;
  /** Told of each person who came in. */
  readonly onWelcome?: () => void;
  /** Milliseconds for which credentials are good after their end, because nobody can renew them now; absent: 0. */
  readonly grace_ms?: () => number;
}

/** Remembers the direct conversations written lately; bounded, oldest forgotten first. */
export class PairCache {
  readonly #pairs = new Set<string>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  has(log: string): boolean {
    return this.#pairs.has(log);
  }

  add(log: string): void {
    const [oldest] = this.#pairs;
    if (this.#pairs.size >= this.#most && oldest !== undefined) this.#pairs.delete(oldest);
    this.#pairs.add(log);
  }
}
