import type { Gap, Gone, LogName, LogState } from '@konferenco/protocol';

/** One append to a log. The envelope's JSON is stored verbatim. */
export interface Append {
  readonly log: LogName;
  /** UUID v7, unique per sender for at least 8 days. */
  readonly id: string;
  readonly sender: string;
  readonly envelope: string;
  /** Unix ms after which the entry reads as gone: the sooner of its type's retention and its ttl. */
  readonly expires_at: number;
  /** Root of the thread this entry belongs to, for the thread index. */
  readonly thread?: string;
  /** Plain text for full-text search; absent when there is nothing to find (reactions, sealed payloads). */
  readonly text?: string;
  /** Users whose inbox gets a pointer to this entry, in the same transaction. */
  readonly notify?: readonly { readonly user: string; readonly reason: PointerReason }[];
}

export type PointerReason = 'direct' | 'mention' | 'notice' | 'state';

/** A row of the versioned record table that holds accounts, channels, memberships and the like. Keys sort as UTF-8 bytes. */
export interface RecordKey {
  readonly collection: string;
  readonly key: string;
}

/** Part of a list of rows, in key order. */
export interface KeyPage {
  /** Begins after this key; absent: at the first. */
  readonly after?: string;
  readonly limit: number;
}
export interface StoredRecord {
  readonly key: string;
  /** JSON value. */
  readonly value: unknown;
  /** Counts changes, from 1. */
  readonly version: number;
}

/**
 * One unit of change, all or nothing, independent of the other commands of its batch.
 *
 * When an append's `(sender, id)` is already in the store, nothing of the command happens: the outcome is `duplicate`
 * with the first position if log and envelope are the same, and `id_reused` if they differ.
 */
export interface Command {
  readonly appends?: readonly Append[];
  /** Rows that must stand at exactly this version (0: absent), else the outcome is `conflict`. */
  readonly requires?: readonly (RecordKey & { readonly version: number })[];
  /** Rows to write; `null` deletes. */
  readonly changes?: readonly (RecordKey & { readonly value: unknown })[];
  /** Entries whose body is blanked; their offset stays and reads as `erased`. */
  readonly erases?: readonly { readonly log: LogName; readonly offset: number }[];
}

export interface Position {
  readonly log: LogName;
  readonly offset: number;
}
export interface Pointer {
  readonly user: string;
  readonly inbox: number;
  readonly reason: PointerReason;
}

export type Outcome =
  | {
      readonly kind: 'committed';
      readonly at: number;
      readonly positions: readonly Position[];
      readonly pointers: readonly Pointer[];
    }
  | { readonly kind: 'duplicate'; readonly at: number; readonly position: Position }
  | { readonly kind: 'id_reused' }
  | { readonly kind: 'conflict'; readonly collection: string; readonly key: string };

export interface StoredEntry {
  readonly offset: number;
  readonly at: number;
  readonly id: string;
  readonly sender: string;
  /** The envelope's JSON, or `null` when gone. */
  readonly envelope: string | null;
  readonly gone?: Gone;
  /** With `gone`, unless damaged: root of the thread it was appended with. */
  readonly thread?: string;
}
export interface StoredPointer extends StoredEntry {
  readonly inbox: number;
  readonly reason: PointerReason;
  readonly log: LogName;
}
export interface Page<E> extends LogState {
  /** Ascending. At least one entry when any is in range, whatever `max_bytes`. */
  readonly entries: readonly E[];
  readonly has_more: boolean;
  /** Set when offsets the reader asked for will not come. */
  readonly gap?: Gap;
}
export interface Range {
  /** Exclusive bounds; with neither, the newest page. Not both. */
  readonly after?: number;
  readonly before?: number;
  readonly limit: number;
  /** The page ends before the sum of its envelopes' lengths passes this. */
  readonly max_bytes: number;
  /** Only entries of this thread. */
  readonly thread?: string;
}

export interface SearchQuery {
  readonly words: string;
  /** Only these logs; the caller has checked that they may be read. */
  readonly logs: readonly LogName[];
  readonly limit: number;
  /** Opaque cursor of the page before. */
  readonly after?: string;
}
export interface SearchResult {
  readonly hits: readonly { readonly log: LogName; readonly entry: StoredEntry; readonly snippet: string }[];
  readonly next?: string;
}

/** What an operator must know about the store. */
export interface StoreHealth {
  readonly ok: boolean;
  /** Damage found since the start, in words for an operator; empty when none. */
  readonly damage: readonly string[];
  /** Commands waiting for their `fsync`. */
  readonly waiting: number;
  readonly wal_bytes: number;
  /** Entries not yet indexed for search. */
  readonly index_lag: number;
  /** What about the set-up weakens the store's promises although it works, such as a missing replica. */
  readonly warnings?: readonly string[];
}

/**
 * The truth: conversation logs, inboxes, cursors and records.
 *
 * Guarantees every adapter keeps and the contract suite checks:
 * - `commit` resolves only when the change is durable (`fsync` or its equivalent) and visible to every later read.
 * - Offsets of a log are gapless and start at 1; commands of one caller take effect in the order of the calls.
 * - Nothing read differs from what was committed: damage reads as `gone: 'damaged'` and is counted in `health`.
 * - The epoch stays the same as long as no committed position was lost, and changes when one may have been.
 */
export interface Store {
  readonly epoch: string;
  /**
   * @throws {StoreUnavailableError} when nothing could be written; no command of the batch took effect.
   * @throws {OutcomeUnknownError} when a store elsewhere could not say in time whether the batch took effect.
   */
  commit(commands: readonly Command[]): Promise<Outcome[]>;
  /** Where logs stand, in the order asked. An unknown log stands at 0, 0. */
  states(logs: readonly LogName[]): Promise<LogState[]>;
  read(log: LogName, range: Range): Promise<Page<StoredEntry>>;
  /** A page of a user's inbox with the entries its pointers lead to. */
  readInbox(user: string, range: Range): Promise<Page<StoredPointer>>;
  /** The entry of `log` with this envelope id, whoever sent it. */
  locate(log: LogName, id: string): Promise<StoredEntry | null>;
  /** The inbox position a device acknowledged; `null`: never. */
  cursor(user: string, device: string): Promise<number | null>;
  /** Cursors only move forward; a smaller value is ignored. */
  saveCursors(
    cursors: readonly { readonly user: string; readonly device: string; readonly inbox: number }[],
  ): Promise<void>;
  get(collection: string, key: string): Promise<StoredRecord | null>;
  /** Rows whose key starts with `prefix`, in key order, after the key `after`. */
  list(collection: string, prefix: string, page: KeyPage): Promise<StoredRecord[]>;
  search(query: SearchQuery): Promise<SearchResult>;
  /** Trims what has expired by `now`: raises `first` past leading expired entries and blanks the others. Returns how many. */
  trim(now: number): Promise<number>;
  health(): StoreHealth;
  /** Finishes what was handed over, then releases everything. */
  close(): Promise<void>;
}

/** The store could not write or read; nothing of the call took effect. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/**
 * The store was lost while it committed and did not come back in time to tell: all of each command took effect or none of
 * it. The same appends may be offered again, and are then answered as the first time if they did.
 */
export class OutcomeUnknownError extends StoreUnavailableError {}
