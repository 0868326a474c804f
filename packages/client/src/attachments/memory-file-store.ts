import type { FileStore } from './file-store.ts';

/** Files in memory: of a program that keeps nothing, and where nothing can be kept. */
export function memoryFileStore(): FileStore {
  const records = new Map<string, unknown>();
  const blobs = new Map<string, Blob>();
  return {
    kind: 'memory',
    async write(changes) {
      for (const { table, key, value } of changes) {
        if (table === 'records') set(records, key, value === undefined ? undefined : structuredClone(value));
        else set(blobs, key, value);
      }
    },
    records: async (prefix) =>
      [...records]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => ({ key, value: structuredClone(value) })),
    blob: async (key) => blobs.get(key),
    async clear() {
      records.clear();
      blobs.clear();
    },
    close: async () => {},
  };
}

function set<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
