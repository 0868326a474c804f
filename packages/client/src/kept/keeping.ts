import type { ConversationInfo, Gap, InboxItem, Item, LogName } from '@konferenco/protocol';
import type { Delivery } from '../log-cursor.ts';
import type { LocalStore } from '../storage/local-store.ts';
import type { RowWriter } from '../sync/scope-rows.ts';
import type { OutboxEntry } from '../types.ts';
import type { LogRow } from './log-row.ts';
import type { DeviceUsage, People } from './types.ts';

export interface KeptPage {
  /** Oldest first. */
  readonly items: readonly Item[];
  readonly gaps: readonly Gap[];
  /** Everything from here to where the page ends is in it. */
  readonly low: number;
}

/** A page from the server: the last word on `from` to `to`. */
export interface FetchedPage {
  readonly items: readonly Item[];
  readonly from: number;
  readonly to: number;
  readonly gap?: Gap | undefined;
}

/** What a device keeps of one log, as the conversation uses it. */
export interface LogKeeping {
  readonly row: Pick<LogRow, 'first' | 'read' | 'said' | 'peer_read' | 'followed'>;
  /** The newest offset kept; 0 when there is none. */
  readonly position: number;
  note(part: Partial<LogRow>): void;
  /** Keeps single entries. */
  put(items: readonly Item[]): void;
  putPage(page: FetchedPage): void;
  /** Keeps what was delivered in order. */
  putDelivered(due: readonly Delivery<Item | InboxItem>[]): void;
  /** Keeps pointers of the inbox, which reaches to `position` now. */
  keepInbox(items: readonly InboxItem[], position: number): void;
  /** At most `limit` entries right before `before`; `null` when what lies there is not here. */
  page(before: number, limit: number): Promise<KeptPage | null>;
  /** The newest offset kept below `before`; 0 when there is none. */
  below(before: number): number;
  /** Kept entries from the newest to the oldest, in pages, until `look` returns false. */
  lookBack(look: (items: readonly Item[]) => boolean): Promise<void>;
}

/** What a device keeps of one person, as the rest of the client uses it. */
export interface Keeping {
  /** Identity of the server's store whose offsets are kept; `null`: none yet. */
  epoch: string | null;
  readonly people: People;
  /** Lines of the conversation list. */
  readonly infos: readonly ConversationInfo[];
  /** Where replicated state keeps its rows; `null`: nowhere. */
  readonly store: LocalStore | null;
  readonly rows: RowWriter;
  log(name: LogName): LogKeeping;
  keepInfos(infos: readonly ConversationInfo[]): void;
  /** Keeps an entry that came by the inbox, if it is part of a conversation. */
  keepItem(item: InboxItem): void;
  /** Takes names out of an answer of the REST surface. */
  learnFrom(response: unknown): void;
  /** Loads what is kept of this person; what another left here is removed first. Resolves also when the store cannot be read. */
  open(person: string): Promise<void>;
  /**
   * The server's store is another one: forgets what is kept of the old one. `offer` is given one's own entries of the
   * last day, oldest first, before they are dropped, and resolves when they are safe.
   */
  renew(epoch: string, offer: (entries: readonly OutboxEntry[]) => Promise<void>): void;
  /** Resolves with true once everything put so far is in the store; with false when it will not be. */
  written(): Promise<boolean>;
  /** {@link written}, without waiting for the usual moment. */
  flush(): Promise<boolean>;
  /** Removes what is kept of the person; `unsent` too, or not. */
  forget(unsent: boolean): Promise<void>;
  usage(): Promise<DeviceUsage>;
}

const done = () => Promise.resolve();
const kept = () => Promise.resolve(true);
const ignore = () => {};

const NO_LOG: LogKeeping = {
  row: { first: 0, read: 0, said: 0, peer_read: 0, followed: false },
  position: 0,
  note: ignore,
  put: ignore,
  putPage: ignore,
  putDelivered: ignore,
  keepInbox: ignore,
  page: () => Promise.resolve(null),
  below: () => 0,
  lookBack: done,
};

/** Keeps nothing: of a program without a store, and before the store's person is known. */
export function keepingNothing(): Keeping {
  return {
    epoch: null,
    people: { get: ignore as () => undefined, all: () => [], learn: ignore, subscribe: () => ignore },
    infos: [],
    store: null,
    rows: { put: ignore, putLate: ignore },
    log: () => NO_LOG,
    keepInfos: ignore,
    keepItem: ignore,
    learnFrom: ignore,
    open: done,
    renew: ignore,
    written: kept,
    flush: kept,
    forget: done,
    usage: () =>
      Promise.resolve({
        kind: 'memory',
        bytes: null,
        quota: null,
        persisted: false,
        entries: 0,
        entry_bytes: 0,
        keep: { entries: 0, bytes: 0 },
      }),
  };
}
