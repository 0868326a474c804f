import type { LogName } from '@konferenco/protocol';

/** A place in the feed. Opaque, and only comparable by the store that gave it. */
export type FeedPosition = string;

/** An entry as those who follow everything that is stored receive it. */
export interface FeedEntry {
  readonly log: LogName;
  readonly offset: number;
  /** Unix ms, the store's time. */
  readonly at: number;
  readonly id: string;
  readonly sender: string;
  /** The envelope's JSON, verbatim; `null` when it was erased, has expired or is damaged. */
  readonly envelope: string | null;
  /** Reading after it continues with the next entry. */
  readonly position: FeedPosition;
}

export interface FeedPage {
  /** In the order of commit. */
  readonly entries: readonly FeedEntry[];
  /** Where to go on: the last entry's position, or the one asked for when there was nothing. `null`: still the beginning. */
  readonly position: FeedPosition | null;
}

/** Which logs and inboxes grew after a position. */
export interface Changed {
  /** Where to go on; `null`: that is not known yet. */
  readonly position: FeedPosition | null;
  /**
   * The logs and inboxes that got entries in between, with the heads they have now. `null` when it was not looked who they are:
   * from the beginning, when more entries came than were asked for, or while an old transaction holds up what comes after it.
   */
  readonly heads: readonly LogHead[] | null;
}

export interface LogHead {
  readonly name: LogName;
  readonly head: number;
}

/** What changed in a store, without what it changed to. */
export interface Changes {
  /**
   * @param after a position given before; `null`: only where to begin
   * @param most entries that may have come in between
   * @throws {StoreUnavailableError} when the store cannot be read
   */
  changedSince(after: FeedPosition | null, most: number): Promise<Changed>;
}

/** Says when a leadership ends: the part of an `AbortSignal` that runtimes agree on, and adapters hand out a real one. */
export interface LeaderSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * All entries of all logs in the order of commit: the log seen as a transactional outbox.
 *
 * - An entry appears once its transaction and every one that began before it have ended, and then never changes its place:
 *   whoever goes on from the position of the last page skips nothing and sees nothing twice.
 * - Entries of one log appear in the order of their offsets.
 * - Entries dropped by retention no longer appear.
 */
export interface Feed {
  /**
   * The next entries after a position; `null`: from the oldest there is. An empty page: nothing new yet.
   * @throws {StoreUnavailableError} when the store cannot be read
   * @throws {TypeError} when `after` is no position of this store
   */
  readFeed(after: FeedPosition | null, limit: number): Promise<FeedPage>;
  /** How far the named group of followers has come, as it last saved; `null`: never. */
  feedCursor(group: string): Promise<FeedPosition | null>;
  /** Durable when it resolves. A cursor only moves forward; an older position is ignored. */
  saveFeedCursor(group: string, position: FeedPosition): Promise<void>;
  /**
   * Runs `work` while this node alone of all holds the leadership `name`.
   *
   * Asks once and does not wait: resolves to `false` at once when another node leads, else to `true` after `work` has ended;
   * ask again after a pause with jitter. `signal` aborts as soon as the leadership is lost or the store closes; `work` must
   * then end. A node that was stopped may act for a moment before it notices, so what `work` does must bear being done twice.
   * @throws whatever `work` throws, and {StoreUnavailableError} when the store cannot be asked
   */
  withLeader(name: string, work: (signal: LeaderSignal) => Promise<void>): Promise<boolean>;
}
