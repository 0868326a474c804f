import { openExisting } from './indexeddb-existing.ts';
import type { LocalTable } from './local-store.ts';
import { unsealedOf } from './row-codec.ts';

/** Unsent entries read out of a damaged database. */
export interface Salvaged {
  readonly rows: ReadonlyMap<string, unknown>;
  /** Rows that are there and cannot be read; `null`: nobody can say how many. */
  readonly lost: number | null;
}

const OUTBOX: LocalTable = 'outbox';

/** Reads what can be read of `outbox`, row by row, and changes nothing. */
export async function salvageOutbox(name: string): Promise<Salvaged> {
  const rows = new Map<string, unknown>();
  let lost = 0;
  try {
    const database = await openExisting(name);
    if (!database) return { rows, lost: null };
    try {
      const keys = (await database.getAllKeys(OUTBOX)).map(String);
      for (const key of keys) {
        // One row at a time: a value that cannot be read must not take the others with it.
        const row: unknown = await database.get(OUTBOX, key).catch(() => undefined);
        const { values } = unsealedOf({ table: OUTBOX, keys: [key], values: [row] });
        for (const { value } of values) rows.set(key, value);
        lost += 1 - values.length;
      }
      return { rows, lost };
    } finally {
      database.close();
    }
  } catch {
    // The database or its index does not open: what was read until here is all there is, and the caller is told.
    return { rows, lost: null };
  }
}
