import type { Envelope } from '@konferenco/protocol';
import type { Composer } from '../composer.ts';
import type { KonferencoError } from '../errors.ts';
import type { Emitter } from '../events.ts';
import type { Keeper } from '../kept/keeper.ts';
import type { Outbox } from '../outbox.ts';
import type { Wire } from '../request.ts';
import type { Subscriptions } from '../subscriptions.ts';
import type { Tabs } from '../tabs/types.ts';
import type { ClientEvents, Environment, OutboxStore } from '../types.ts';
import { Replicated } from './replicated.ts';

/** The parts of a client that replicated state stands on. */
export interface ReplicatedParts {
  readonly environment: Environment;
  readonly events: Emitter<ClientEvents>;
  readonly failed: (error: KonferencoError) => void;
  /** The server's time, as far as known (Unix ms). */
  readonly now: () => number;
  readonly newId: () => string;
  readonly wire: Wire;
  readonly keeper: Keeper;
  readonly me: () => string;
  readonly outbox: Outbox;
  readonly outboxStore: OutboxStore;
  readonly composer: Composer;
  readonly subscriptions: Subscriptions;
  readonly tabs: Pick<Tabs, 'noteConflicts'> | undefined;
}

/** Replicated state of the person who is signed in, with what this device keeps of it. */
export async function openReplicated(parts: ReplicatedParts): Promise<Replicated> {
  const { environment, events, failed, now, newId, wire, keeper, me, composer } = parts;
  const { outbox, outboxStore, subscriptions, tabs } = parts;
  const replicated = new Replicated({
    ...{ me, environment, now, newId, wire, composer, failed },
    store: keeper.kept.store,
    rows: keeper.kept.rows,
    outbox: {
      get size() {
        return outbox.size;
      },
      add: (submission) => outbox.add(submission),
      discard: async (id) => {
        const isMine = outbox.entries.some((entry) => entry.id === id);
        if (!outbox.discard(id)) return false;
        if (isMine) await outboxStore.delete(id);
        return true;
      },
      waiting: () => outbox.entries.map(({ envelope }) => JSON.parse(envelope) as Envelope),
    },
    follow: (log) => subscriptions.want(log, 'opened'),
    tell: (conflict) => events.emit('conflict', conflict),
    noteConflicts: () => tabs?.noteConflicts(),
  });
  await replicated.load();
  return replicated;
}
