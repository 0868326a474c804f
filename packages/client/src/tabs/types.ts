import type { LogName } from '@konferenco/protocol';
import type { OutboxNews } from '../outbox-news.ts';
import type { Environment, OutboxStore, Socket } from '../types.ts';

/** Other words for a message that waits. */
export interface Rewording {
  readonly log: LogName;
  readonly id: string;
  readonly text: string;
  readonly mentions: readonly string[];
}

/** What sharing needs of the client it serves. */
export interface TabHost {
  readonly environment: Pick<Environment, 'now' | 'after' | 'openSocket'>;
  /** What makes tabs belong together, one account on one server; `null` while nobody is signed in. */
  readonly account: () => string | null;
  /** What became of a message that another tab wrote. */
  readonly news: (news: OutboxNews) => void;
  /** The person discarded, in another tab, an entry that this one is to send. */
  readonly discard: (id: string) => void;
  /** The person changed, in another tab, what a message says that this one is to send. */
  readonly reword: (wish: Rewording) => void;
  /** What other tabs left in the store falls to this one: load it again. */
  readonly inherit: () => void;
  /** Another tab told or put away a conflict, and the store says so. */
  readonly conflictsNoted: () => void;
  /** The person signed out in another tab. */
  readonly signedOut: () => void;
  /** `Tabs.waiting` changed. */
  readonly waitingChanged: () => void;
}

/** One client's part among the tabs of its account. */
export interface Tabs {
  /** In place of the environment's. */
  readonly openSocket: (url: string, protocol: string) => Socket;
  /** The shared store as this tab may load it: without what another living tab is sending. */
  outbox(store: OutboxStore): OutboxStore;
  /** Says what became of an entry of this tab. */
  tell(news: OutboxNews): void;
  /** Asks the tab that wrote an entry to discard it. */
  discard(id: string): void;
  /** Asks the tab that wrote a message to change what it says; false when none waits in another tab. */
  reword(wish: Rewording): boolean;
  /** Entries that wait in other tabs. */
  readonly waiting: number;
  /** Says that conflicts were told or put away here, and that the store says so. */
  noteConflicts(): void;
  /** Says that the person signed out here. */
  signedOut(): void;
  close(): void;
}

/** Lets the programs of one person on one device act as one; see `@konferenco/client/tabs`. */
export type TabSharing = (host: TabHost) => Tabs;
