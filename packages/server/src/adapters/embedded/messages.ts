import type { Outcome, Range, SearchQuery } from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';

/**
 * What one command came to, as it crosses the threads: committed positions shrink to their offsets (those of the appends, then
 * those of the inboxes, in the command's order), because the caller still has the names.
 */
export type Reply = readonly number[] | Exclude<Outcome, { kind: 'committed' }>;

/** Requests to the writer. `at` is Unix ms. */
export interface WriterRequests {
  open: { request: { dir: string; renew_epoch: boolean }; reply: { epoch: string; seq: number; wal_bytes: number } };
  /** The time in Unix ms and a space, then the calls as `batch-codec.ts` writes them. */
  commit: { request: string; reply: CommitReply };
  /** A `Replay` as JSON. One call in the reply. */
  replay: { request: string; reply: CommitReply | Diverged };
  cursors: { request: readonly { user: string; device: string; inbox: number }[]; reply: null };
  trim: { request: { now: number; indexed_erasures: number }; reply: { trimmed: number; more: boolean } };
  /** Starts the WAL over when the checkpointer has copied nearly all of it. */
  restart_wal: { request: null; reply: { wal_bytes: number } };
  close: { request: null; reply: null };
}

/** `null` for a call that failed although the others did not; the reason is in `errors` at its place. */
export interface CommitReply {
  readonly at: number;
  /** The newest entry's place in the order of commits. */
  readonly seq: number;
  readonly wal_bytes: number;
  readonly results: readonly (readonly Reply[] | null)[];
  readonly errors?: readonly (string | null)[];
}

/** Nothing of a replay was written, and why. */
export interface Diverged {
  readonly diverged: string;
}

export interface ReaderRequests {
  open: { request: { dir: string }; reply: null };
  states: { request: readonly LogName[]; reply: readonly { first: number; head: number }[] };
  read: { request: { log: LogName; range: Range; now: number }; reply: unknown };
  inbox: { request: { user: string; range: Range; now: number }; reply: unknown };
  locate: { request: { log: LogName; id: string; now: number }; reply: unknown };
  cursor: { request: { user: string; device: string }; reply: number | null };
  get: { request: { collection: string; key: string }; reply: unknown };
  list: { request: { collection: string; prefix: string; after: string; limit: number }; reply: unknown };
  close: { request: null; reply: null };
}

export interface IndexerRequests {
  open: { request: { dir: string }; reply: IndexProgress };
  /** Indexes what was committed since, at most one chunk. */
  advance: { request: null; reply: IndexProgress };
  search: { request: { query: SearchQuery; now: number }; reply: unknown };
  close: { request: null; reply: null };
}

/** How far the index has come: entries by `seq`, removals by their number. */
export interface IndexProgress {
  readonly seq: number;
  readonly erasures: number;
  readonly more: boolean;
}

export interface UpkeepRequests {
  open: { request: { dir: string }; reply: null };
  /** Copies the WAL into the database as far as readers allow. Sizes in bytes; `null`: the disk is full, try again later. */
  checkpoint: { request: null; reply: { wal_bytes: number; left_bytes: number } | null };
  close: { request: null; reply: null };
}

/** One request of a batch: its number, what is asked, and the argument. */
export type WireRequest = readonly [number, string, unknown];
/** One answer: the request's number and either what was asked for or why not. */
export type WireReply = readonly [number, 'ok', unknown] | readonly [number, 'failed', string];
/** What a worker says, in batches. `damage` is news for the operator, unasked. */
export interface WireBatch {
  readonly replies?: readonly WireReply[];
  readonly damage?: readonly string[];
  /** The worker can do no more of its work, and why. */
  readonly broken?: string;
}

export interface InspectorRequests {
  inspect: { request: { dir: string }; reply: { checked: number } };
}
