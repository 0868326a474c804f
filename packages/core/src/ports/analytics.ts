import type { StreamName } from './streams.ts';

/** Length of the time in which messages are counted together, in milliseconds. */
export const ANALYTICS_BUCKET_MS = 300_000;

/** A message to be counted. Stream, incarnation and sequence say which one it is. */
export interface CountedMessage {
  readonly stream: StreamName;
  readonly incarnation: string;
  readonly sequence: number;
  readonly event: string;
  readonly type: string;
  /** Unix ms, the store's time. */
  readonly at: number;
}

export interface AnalyticsCount {
  /** Unix ms: the beginning of the bucket. */
  readonly from: number;
  readonly event: string;
  readonly stream: StreamName;
  readonly type: string;
  readonly messages: number;
}

export interface AnalyticsQuery {
  /** Of one event; without it, of all. */
  readonly event?: string;
  /** Unix ms; buckets that begin in [from, to). */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

/** A time series of how many messages there were. */
export interface AnalyticsStore {
  /**
   * Counts each message once, however often and in whatever order it is added, by however many nodes. All or nothing.
   * @returns how many of them are counted now and were not before
   * @throws {StoreUnavailableError} nothing of the call took effect
   */
  add(messages: readonly CountedMessage[]): Promise<number>;
  /** Oldest first, then by event, stream and type. @throws {StoreUnavailableError} */
  query(query: AnalyticsQuery): Promise<AnalyticsCount[]>;
  /** Makes room for what comes and drops what is older than it is kept. Call it once an hour or so. @throws {StoreUnavailableError} */
  maintain(now: number): Promise<void>;
  close(): Promise<void>;
}
