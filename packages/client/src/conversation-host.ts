import type { LogName } from '@konferenco/protocol';
import type { Blocks } from './blocks.ts';
import type { Composer } from './composer.ts';
import type { KonferencoError } from './errors.ts';
import type { Emitter } from './events.ts';
import type { Keeper } from './kept/keeper.ts';
import type { Outbox } from './outbox.ts';
import type { Words } from './outbox-entry.ts';
import type { Wire } from './request.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { ClientEvents, Environment } from './types.ts';

/** What every conversation of a client shares. */
export interface ConversationHost {
  readonly wire: Wire;
  readonly environment: Environment;
  readonly outbox: Outbox;
  /** Asks the program of this device that is to send a message to change its words; false when none is. */
  readonly rewordElsewhere: (log: LogName, id: string, words: Words) => boolean;
  readonly subscriptions: Subscriptions;
  readonly composer: Composer;
  readonly keeper: Pick<Keeper, 'kept'>;
  readonly me: () => string;
  /** Whom I blocked. */
  readonly blocks: Blocks;
  readonly events: Emitter<ClientEvents>;
  /** A failure that no call is waiting for. */
  readonly failed: (error: KonferencoError) => void;
}
