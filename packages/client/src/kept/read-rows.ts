import type { LocalRange, LocalRow, LocalStore, LocalTable } from '../storage/local-store.ts';
import { asStoreError } from './write-behind.ts';

/** Rows in order, without damaged ones, which are dropped: they will be fetched again. */
export async function readRows(store: LocalStore, table: LocalTable, range: LocalRange): Promise<readonly LocalRow[]> {
  try {
    return await store.list(table, range);
  } catch (thrown) {
    const { fault, keys } = asStoreError(thrown);
    if (fault !== 'damaged' || keys.length === 0) throw thrown;
    await store.write(keys.map((key) => ({ table, key, value: undefined })));
    return store.list(table, range);
  }
}
