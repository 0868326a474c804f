import { type OutboxOnStoreOptions, outboxOnStore } from '../storage/outbox-on-store.ts';
import type { OutboxStore } from '../types.ts';
import { Kept, type KeptOptions } from './kept.ts';

/** What keeps a person's data in a device's store. This and all it stands on is loaded only where there is a store. */
export function openKept(options: KeptOptions): Kept {
  return new Kept(options);
}

export function openOutbox(options: OutboxOnStoreOptions): OutboxStore {
  return outboxOnStore(options);
}
