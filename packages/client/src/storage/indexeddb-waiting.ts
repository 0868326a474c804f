import type { WaitingOutbox } from '../background/send-waiting.ts';
import type { OutboxEntry } from '../types.ts';
import { openExisting } from './indexeddb-existing.ts';
import { newestOf } from './indexeddb-names.ts';
import { INDEXEDDB_STEPS } from './indexeddb-schema.ts';
import type { LocalTable } from './local-store.ts';
import { sealed, unsealedOf } from './row-codec.ts';
import { type LocalAccount, storeName } from './store-name.ts';

const OUTBOX: LocalTable = 'outbox';
const META: LocalTable = 'meta';
/** What wake-ups have settled; the row names only what the outbox holds, which bounds it. */
const NOTES = 'background';

/**
 * The outbox of the account's store as a program without a page uses it: it makes no store and mends none, and holds none
 * open, so that nobody waits for it. Methods reject as IndexedDB does.
 */
export function indexedDbWaiting(account: LocalAccount): WaitingOutbox {
  return {
    load: () =>
      using(account, async (database) => {
        const [keys, values, notes] = await Promise.all([
          database.getAllKeys(OUTBOX),
          database.getAll(OUTBOX),
          database.get(META, NOTES),
        ]);
        const rows = unsealedOf({ table: OUTBOX, keys: keys.map(String), values });
        // A note that cannot be read is none: its entries are sent once more, under their ids.
        const [note] = unsealedOf({ table: META, keys: [NOTES], values: [notes] }).values;
        return {
          entries: rows.values.map(({ value }) => value as OutboxEntry),
          settled: (note?.value as readonly string[] | undefined) ?? [],
        };
      }),
    async note(settled) {
      await using(account, (database) => database.put(META, sealed(META, NOTES, JSON.stringify(settled)), NOTES));
    },
  };
}

type Database = NonNullable<Awaited<ReturnType<typeof openExisting>>>;

/** `null`: there is no store of this version. */
async function using<T>(account: LocalAccount, work: (database: Database) => Promise<T>): Promise<T | null> {
  const database = await openExisting(await newestOf(storeName(account)));
  try {
    return database?.version === INDEXEDDB_STEPS.at(-1)?.version && database ? await work(database) : null;
  } finally {
    database?.close();
  }
}
