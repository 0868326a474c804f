import type { LocalTable } from './local-store.ts';
import { unsealedOf } from './row-codec.ts';
import { type SqliteDriver, SqliteError, type SqlitePlatform } from './sqlite-driver.ts';
import { decodeKey } from './sqlite-key.ts';

/** Unsent entries read out of a damaged database. */
export interface Salvaged {
  readonly rows: ReadonlyMap<string, unknown>;
  /** Rows that are there and cannot be read; `null`: nobody can say how many. */
  readonly lost: number | null;
}

const OUTBOX: LocalTable = 'outbox';

/** Reads what can be read of `outbox`: from its first row on and, where that ends at damage, from its last row back. */
export async function salvageOutbox(platform: SqlitePlatform, name: string): Promise<Salvaged> {
  const rows = new Map<string, unknown>();
  const damaged = new Set<string>();
  const driver = await opened(platform, name);
  if (!driver) return { rows, lost: null };
  const keep = (key: string, value: unknown): void => {
    const { values } = unsealedOf({ table: OUTBOX, keys: [key], values: [value] });
    for (const row of values) rows.set(key, row.value);
    if (values.length === 0) damaged.add(key);
  };
  try {
    if (await scanned(driver, 'ASC', keep)) return { rows, lost: damaged.size };
    await scanned(driver, 'DESC', keep);
    return { rows, lost: null };
  } finally {
    await driver.close();
  }
}

async function opened(platform: SqlitePlatform, name: string): Promise<SqliteDriver | null> {
  try {
    return await platform.open(name);
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
}

/** Row by row, so that all before the damage is read. Returns whether it came to the end. */
async function scanned(
  driver: SqliteDriver,
  order: 'ASC' | 'DESC',
  row: (key: string, value: unknown) => void,
): Promise<boolean> {
  let last: string | null = null;
  try {
    for (;;) {
      const where = last === null ? '' : `WHERE key ${order === 'ASC' ? '>' : '<'} ?`;
      const sql = `SELECT key, value FROM ${OUTBOX} ${where} ORDER BY key ${order} LIMIT 1`;
      const [found] = await driver.all({ sql, values: last === null ? [] : [last] });
      if (!found) return true;
      const next = String(found['key']);
      // In a damaged tree the order may lead in a circle.
      if (last !== null && (order === 'ASC' ? next <= last : next >= last)) return false;
      last = next;
      row(decodeKey(next), found['value']);
    }
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}

/** A table that is not there any more is an error of the statement: code 1, as a mistake in SQL would be. */
function isDamage(error: unknown): boolean {
  return error instanceof SqliteError && (error.fault === 'corrupt' || error.fault === 'other');
}
