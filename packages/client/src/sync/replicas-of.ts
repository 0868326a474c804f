import type { Envelope } from '@konferenco/protocol';
import type { Blocks } from '../blocks.ts';
import type { Composer } from '../composer.ts';
import type { RestConversationList } from '../conversation-list.ts';
import type { KonferencoError } from '../errors.ts';
import type { Emitter } from '../events.ts';
import type { Kept } from '../kept/kept.ts';
import type { Outbox } from '../outbox.ts';
import type { Wire } from '../request.ts';
import type { ServerClock } from '../server-clock.ts';
import type { Subscriptions } from '../subscriptions.ts';
import type { ClientEvents, Environment, OutboxStore } from '../types.ts';
import { Replicas } from './replicas.ts';

/** The parts of a client that replicated state stands on. */
export interface ReplicasParts {
  readonly environment: Environment;
  readonly events: Emitter<ClientEvents>;
  readonly failed: (error: KonferencoError) => void;
  readonly clock: ServerClock;
  readonly newId: () => string;
  readonly wire: Wire;
  readonly kept: Kept;
  readonly me: () => string;
  readonly outbox: Outbox;
  readonly outboxStore: OutboxStore;
  readonly composer: Composer;
  readonly subscriptions: Subscriptions;
  readonly blocks: Blocks;
  readonly list: RestConversationList;
}

/** Replicated state as a part of a client. */
export function replicasOf(parts: ReplicasParts): Replicas {
  const { environment, events, failed, clock, newId, wire, kept, me, composer } = parts;
  const { outbox, outboxStore, subscriptions, blocks, list } = parts;
  return new Replicas({
    host: {
      ...{ me, environment, now: clock.now, newId, wire, composer, failed },
      store: kept.store,
      rows: kept.rows,
      outbox: {
        get size() {
          return outbox.size;
        },
        add: (log, envelope) => outbox.add(log, envelope),
        discard: (id) => {
          outbox.discard(id);
          return outboxStore.delete(id);
        },
        waiting: () => outbox.entries.map(({ envelope }) => JSON.parse(envelope) as Envelope),
      },
      follow: (log) => subscriptions.want(log, 'opened'),
      tell: (conflict) => events.emit('conflict', conflict),
    },
    changed: (own, { isComplete, waiting }) => {
      blocks.give(own.blocked, isComplete);
      list.expect(own.channels, waiting);
    },
  });
}
