import type {
  AnalyticsStore,
  Bus,
  DeadLetter,
  FeedEntry,
  NodeStart,
  ObjectStore,
  PositionStore,
  SingleUse,
  Store,
  StreamReport,
} from '@konferenco/core';
import type { Envelope } from '@konferenco/protocol';
import type { Registry } from 'prom-client';
import type { KeyStore } from '../accounts/key-store.ts';
import type { Config } from '../config/options.ts';
import type { SocketEnd } from '../gateway/websocket.ts';
import type { NodeDeps } from '../node.ts';
import type { Log } from '../observability/log.ts';
import { openClustered } from './clustered.ts';
import { openEmbedded } from './embedded.ts';
import { openMirror } from './mirror.ts';
import { openVenue } from './venue.ts';

/** What a server stands on, as its configuration says: opened before everything else, closed after it. */
export interface Backends {
  readonly store: Store;
  readonly bus: Bus;
  readonly keys: KeyStore;
  readonly shared: Shared;
  /** How each part is doing now. */
  parts(): readonly PartReport[];
  /** The streams of consumers; `null` where there are none. */
  readonly streams: StreamsView | null;
  /** Counts of messages over time; `null` where nobody counts. */
  readonly analytics: AnalyticsStore | null;
  /** Where people were, of those who want that kept. */
  readonly positions: PositionStore;
  /** Begins to feed the streams, once accounts can be asked. */
  begin(needs: FeedNeeds): void;
  /** Brings files from the other end of an uplink; absent: there is none. */
  readonly bridge?: { wrap(objects: ObjectStore): ObjectStore };
  /** Takes the calls of the venue that this server mirrors; absent: it mirrors none. */
  readonly mirror?: VenueCalls;
  /** Registers the figures of the parts. */
  register(registry: Registry): void;
  close(): Promise<void>;
}

/** Where a venue's calls arrive. */
export interface VenueCalls {
  /** A socket for the caller; `null`: too many strangers knock. */
  accept(): SocketEnd | null;
}

/** What nodes hold together; what is absent each does for itself. */
export interface Shared {
  readonly presence?: NonNullable<NodeDeps['presence']>;
  readonly rates?: NonNullable<NodeDeps['rates']>;
  readonly requestRates?: NonNullable<NodeDeps['requestRates']>;
  readonly changes?: NonNullable<NodeDeps['changes']>;
  /** What is used once on all nodes. */
  readonly singleUse?: SingleUse;
  /** Another place does what is due of itself: counts, turns, what ended long ago. */
  readonly isMirror?: true;
  /** Milliseconds for which credentials are good after their end, because nobody can renew them now. */
  readonly grace_ms?: () => number;
}

/** A part of the system as an operator sees it. */
export interface PartReport {
  readonly name: 'sqlite' | 'memory' | 'postgres' | 'nats' | 'redis' | 's3' | 'uplink';
  readonly state: 'working' | 'away';
  /** What is worth knowing, in words: warnings, round trips. */
  readonly detail: string;
}

export interface StreamsView {
  /** @throws {StreamUnavailableError} */
  report(): Promise<readonly StreamReport[]>;
  /** What consumers gave up, newest first. @throws {StreamUnavailableError} */
  deadLetters(limit: number): Promise<readonly DeadLetter[]>;
  /** Milliseconds by which the streams are behind the store; `null`: another node knows. */
  lag_ms(): number | null;
}

export interface FeedNeeds {
  /** The event an entry belongs to, for what its envelope does not say. */
  readonly eventOf: (entry: FeedEntry, envelope: Envelope) => Promise<string | null>;
}

export interface BackendOptions {
  readonly config: Config;
  /** Of this node. */
  readonly start: NodeStart;
  readonly log: Log;
  readonly onFault: (error: unknown) => void;
}

/** @throws errors whose message says what to do, when a part cannot be used */
export function openBackends(options: BackendOptions): Promise<Backends> {
  const { config } = options;
  if (config.mirror === 'yes') return openMirror(options);
  if (config.uplinkUrl !== '') return openVenue(options);
  return config.postgresUrl === '' ? openEmbedded(options) : openClustered(options);
}
