import type { LogName } from '@konferenco/protocol';

/** The streams that feed consumers: copies of what is stored, never the truth. */
export type StreamName = 'CHAT' | 'PRESENCE' | 'SCHEDULE' | 'MARKETPLACE';

/** A message as it goes into a stream. */
export interface StreamEntry {
  readonly stream: StreamName;
  /** The event it belongs to; empty when it belongs to none. */
  readonly event: string;
  readonly type: string;
  readonly subtype: string;
  readonly log: LogName;
  /** Position in its log; 0 for what is in none. */
  readonly offset: number;
  /** Unix ms, the store's time. */
  readonly at: number;
  /** Unique per sender. */
  readonly id: string;
  readonly sender: string;
  /** The envelope's JSON, verbatim. */
  readonly envelope: string;
}

/** A message as it comes out of a stream. */
export interface StreamRecord extends StreamEntry {
  /** Position in the stream, from 1, with holes where messages were dropped. */
  readonly sequence: number;
  /** Changes when the stream was made anew and its sequences began again. */
  readonly incarnation: string;
}

/** Takes what is fed into the streams. */
export interface StreamSink {
  /**
   * Appends in the order given; what is in its stream already is passed over. Resolves when all are in. One caller at a time.
   * @throws {StreamUnavailableError} when some may not be in; the same call may be made again, and doubles nothing
   */
  append(entries: readonly StreamEntry[]): Promise<void>;
  /** Appends without waiting or being told; nothing is kept for a stream that is away. Returns false when it was dropped at once. */
  offer(entry: StreamEntry): boolean;
}

/** One copy of a message in the hands of a consumer, who must end it in one of three ways. */
export interface Delivery {
  /** `null` when what is in the stream cannot be read. */
  readonly record: StreamRecord | null;
  /** Counts deliveries of this message to the group, from 1. */
  readonly attempt: number;
  /** Done: it does not come again, unless this word is lost. */
  acknowledge(): void;
  /** Comes again after `ms`, to any member of the group. */
  retryAfter(ms: number): void;
  /** Given up: kept among the dead letters with the reason. @throws {StreamUnavailableError} then it comes again */
  bury(reason: string): Promise<void>;
  /** Still at work: it is not given to another member for now. */
  working(): void;
}

/** What one member of a consumer group reads. */
export interface GroupReader {
  /** Batches as they come. @throws {StreamUnavailableError} when they cannot be read for now; a new call goes on */
  batches(): AsyncIterable<readonly Delivery[]>;
  close(): Promise<void>;
}

export interface StreamSource {
  /** Joins a group of consumers, which get each message of a stream once between them. The group outlives its members. */
  join(group: string, stream: StreamName, batch: number): Promise<GroupReader>;
}

/** How a stream is doing, for an operator. */
export interface StreamReport {
  readonly name: string;
  readonly messages: number;
  readonly bytes: number;
  readonly consumers: readonly ConsumerReport[];
}

export interface ConsumerReport {
  readonly name: string;
  /** Messages not yet delivered: the lag. */
  readonly pending: number;
  /** Delivered and not yet acknowledged. */
  readonly ackPending: number;
  /** Of those, delivered more than once. */
  readonly redelivered: number;
}

/** A message that a group gave up. */
export interface DeadLetter {
  readonly group: string;
  readonly stream: string;
  readonly sequence: number;
  readonly reason: string;
  /** Unix ms. */
  readonly at: number;
}

/** The streams cannot be reached or do not take it now. */
export class StreamUnavailableError extends Error {
  override readonly name = 'StreamUnavailableError';
}
