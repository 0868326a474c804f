import { afterEach, beforeEach } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalStore } from '../storage/local-store.ts';
import { openLocalStore } from '../storage/open-local-store.ts';
import { outboxOnStore } from '../storage/outbox-on-store.ts';
import { sqliteBackend } from '../storage/sqlite-backend.ts';
import { bunSqlitePlatform } from '../storage/sqlite-bun.ts';
import type { SqlitePlatform } from '../storage/sqlite-driver.ts';
import { SQLITE_STEPS, type SqliteStep } from '../storage/sqlite-schema.ts';
import { storeName } from '../storage/store-name.ts';
import type { OutboxEntry } from '../types.ts';

export const ACCOUNT = { url: 'http://server.test', user: 'mere' };
export const PAGE_BYTES = 4_096;

/** A folder for databases, another one for each test of the file. */
export function sqliteDevice() {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'konferenco-device-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  return {
    get folder(): string {
      return folder;
    },
    /** The file of the account's store. */
    get database(): string {
      return join(folder, `${storeName(ACCOUNT)}.sqlite`);
    },
    open: (steps: readonly SqliteStep[] = SQLITE_STEPS, platform: SqlitePlatform = bunSqlitePlatform(folder)) =>
      openLocalStore({ ...ACCOUNT, backend: sqliteBackend(platform, steps) }),
  };
}

/** An unsent message of some length. */
export function entry(n: number): OutboxEntry {
  const id = `e${String(n).padStart(4, '0')}`;
  return { id, log: 'ch:hall', envelope: JSON.stringify({ id, text: 'kia ora '.repeat(40) }), created_at: n };
}

/** Puts in so many unsent messages, and 300 entries of a conversation before them. */
export async function fill(store: LocalStore, entries: number): Promise<void> {
  const value = 'x'.repeat(1_000);
  await store.write(Array.from({ length: 300 }, (_, n) => ({ table: 'entries', key: `ch:hall/${n}`, value })));
  await store.write(
    Array.from({ length: entries }, (_, n) => ({ table: 'outbox', key: entry(n).id, value: entry(n) })),
  );
}

/** Numbers of the unsent messages that can be read. */
export const waiting = async (store: LocalStore): Promise<readonly number[]> =>
  (await outboxOnStore({ store, lost: () => {} }).load()).map(({ created_at }) => created_at);

export const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);
