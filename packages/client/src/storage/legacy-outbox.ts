import type { OutboxEntry } from '../types.ts';
import { openExisting } from './indexeddb-existing.ts';
import { indexedDbFault } from './indexeddb-schema.ts';
import type { LocalStore } from './local-store.ts';

/** Version 1: one database for whoever used the page, with the outbox alone. */
const DATABASE = 'konferenco';
const STORE = 'outbox';

/**
 * Takes this person's unsent entries over from the database of version 1. Each is written here before it leaves there,
 * so that an interruption repeats an entry, which the server recognises, and never loses one. Other people's entries
 * wait for them, and the empty database stays: a tab still running the old program may use it.
 *
 * @throws {import('./local-store.ts').LocalStoreError}
 */
export async function adoptLegacyOutbox(store: LocalStore, user: string): Promise<void> {
  const database = await openExisting(DATABASE).catch((error: unknown) => {
    throw indexedDbFault(error);
  });
  if (!database) return;
  try {
    if (!database.objectStoreNames.contains(STORE)) return;
    const entries: unknown[] = await database.getAll(STORE);
    const mine = entries.filter((entry): entry is OutboxEntry => isEntry(entry) && senderOf(entry) === user);
    if (mine.length === 0) return;
    await store.write(mine.map((entry) => ({ table: 'outbox', key: entry.id, value: entry })));
    const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' });
    await Promise.all([...mine.map(({ id }) => transaction.store.delete(id)), transaction.done]);
  } catch (error) {
    throw indexedDbFault(error);
  } finally {
    database.close();
  }
}

function isEntry(value: unknown): value is OutboxEntry {
  const { id, log, envelope, created_at } = (value ?? {}) as Partial<Record<keyof OutboxEntry, unknown>>;
  return [id, log, envelope].every((text) => typeof text === 'string') && typeof created_at === 'number';
}

function senderOf({ envelope }: OutboxEntry): string | null {
  try {
    return (JSON.parse(envelope) as { from?: { user_id?: string } }).from?.user_id ?? null;
  } catch {
    // No sender can be told from it, so it stays where it is.
    return null;
  }
}
