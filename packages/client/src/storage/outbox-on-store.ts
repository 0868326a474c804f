import type { OutboxEntry, OutboxStore } from '../types.ts';
import { type LocalRow, type LocalStore, LocalStoreError } from './local-store.ts';

/** More than the outbox holds: an entry under a new id may stand beside the one it replaces for a moment. */
const ROWS_MAX = 10_000;

export interface OutboxOnStoreOptions {
  readonly store: LocalStore;
  /** Entries that could not be read any more, and were removed: the person is told that unsent messages are gone. */
  readonly lost: (entries: number) => void;
}

/** The outbox in a device's store. `put` resolves when the entry survives the end of the program. */
export function outboxOnStore({ store, lost }: OutboxOnStoreOptions): OutboxStore {
  return {
    async load() {
      const rows = await readable(store, lost);
      return rows
        .map(({ value }) => value as OutboxEntry)
        .toSorted((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
    },
    put: (entry) => store.write([{ table: 'outbox', key: entry.id, value: entry }]),
    delete: (id) => store.write([{ table: 'outbox', key: id, value: undefined }]),
  };
}

/** All rows; damaged ones are removed, so that they do not keep the others from being sent. */
async function readable(store: LocalStore, lost: (entries: number) => void): Promise<readonly LocalRow[]> {
  const list = () => store.list('outbox', { prefix: '', limit: ROWS_MAX });
  try {
    return await list();
  } catch (error) {
    if (!(error instanceof LocalStoreError) || error.fault !== 'damaged' || error.keys.length === 0) throw error;
    await store.write(error.keys.map((key) => ({ table: 'outbox', key, value: undefined })));
    lost(error.keys.length);
    return list();
  }
}
