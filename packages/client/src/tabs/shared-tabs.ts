import type { Socket } from '../types.ts';
import type { ElectionState } from './election.ts';
import type { TabSurroundings } from './surroundings.ts';
import type { TabMessage } from './tab-message.ts';

export interface ShareTabsOptions {
  /** What the tabs have in common: one account on one server. */
  readonly name: string;
  readonly surroundings: TabSurroundings;
  /** Hears what tabs say to each other apart from the connection. */
  readonly hear?: (message: TabMessage) => void;
  /** This tab has joined the others and may speak to them. */
  readonly joined?: () => void;
  /** What other tabs left behind falls to this one: it has just taken office, another tab has gone, or it is time to look. */
  readonly inherit?: () => void;
  /** Another tab has gone, or owns the connection now. */
  readonly changed?: () => void;
}

/** One tab among those that share a connection. */
export interface SharedTabs {
  /** This tab's name among the others, for the time being. */
  readonly id: string;
  /** `alone`: sharing does not work here, and each socket is a connection of its own. */
  readonly part: ElectionState['kind'];
  /** Joins before the first socket does. */
  join(): void;
  /** To be used in place of the platform's: a socket that is one end of the connection all tabs share. */
  openSocket(url: string, protocol: string): Socket;
  /** Speaks to the other tabs; nothing where there are none. */
  post(message: TabMessage): void;
  /** Other tabs that live now, as far as the locks say. */
  others(): Promise<number>;
  /** Leaves: the connection, if this tab owns it, goes to another. Sockets close. */
  close(): void;
}
