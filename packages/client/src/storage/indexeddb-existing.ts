import { type IDBPDatabase, openDB } from 'idb';

/** Opens a database in whatever version it has; `null`, and none is made, when there is none. Rejects as IndexedDB does. */
export async function openExisting(name: string): Promise<IDBPDatabase | null> {
  let absent = false;
  try {
    return await openDB(name, undefined, {
      upgrade(_database, _from, _to, transaction) {
        absent = true;
        // The abort is told by the request as well.
        transaction.done.catch(() => {});
        transaction.abort();
      },
    });
  } catch (error) {
    if (absent) return null;
    throw error;
  }
}
