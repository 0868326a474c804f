import type { InboxItem, Item, LogName } from '@konferenco/protocol';
import type { Blocks } from './blocks.ts';
import type { Composer } from './composer.ts';
import type { KonferencoError } from './errors.ts';
import type { KeptLog } from './kept/kept-log.ts';
import type { Outbox } from './outbox.ts';
import type { Wire } from './request.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Environment } from './types.ts';

/** What every conversation of a client shares. */
export interface ConversationHost {
  readonly wire: Wire;
  readonly environment: Environment;
  readonly outbox: Outbox;
  readonly subscriptions: Subscriptions;
  readonly composer: Composer;
  /** What this device keeps of a log. */
  readonly kept: (log: LogName) => KeptLog;
  readonly me: () => string;
  /** Whom I blocked. */
  readonly blocks: Blocks;
  /** An entry arrived: told once per offset, in order. */
  readonly arrived: (item: Item | InboxItem) => void;
  /** A failure that no call is waiting for. */
  readonly failed: (error: KonferencoError) => void;
}
