import { boundsOf, type KeyBounds } from './local-range.ts';
import { LOCAL_TABLES, type LocalRange, type LocalStore, LocalStoreError, type LocalTable } from './local-store.ts';
import { type TextChange, textChanges } from './row-codec.ts';

/** One table: the values as text, and the keys in order. */
interface MemoryTable {
  readonly rows: Map<string, string>;
  readonly keys: string[];
}

/** A store that lasts as long as the program: where a browser gives no durable one, and in tests. */
export function memoryStore(): LocalStore {
  const tables = new Map<LocalTable, MemoryTable>(LOCAL_TABLES.map((table) => [table, { rows: new Map(), keys: [] }]));
  let closed = false;
  const tableOf = (name: LocalTable): MemoryTable => {
    if (closed) throw new LocalStoreError('unavailable', 'The store is closed.');
    return tables.get(name) as MemoryTable;
  };
  return {
    kind: 'memory',
    async write(changes) {
      for (const change of textChanges(changes)) apply(tableOf(change.table), change);
    },
    async get(table, key) {
      return parsed(tableOf(table).rows.get(key));
    },
    async list(table, range) {
      const { rows, keys } = tableOf(table);
      return keysWithin(keys, range).map((key) => ({ key, value: parsed(rows.get(key)) }));
    },
    async drop(name, prefix) {
      const { rows, keys } = tableOf(name);
      const [from, to] = spanOf(keys, boundsOf({ prefix }));
      for (const key of keys.splice(from, to - from)) rows.delete(key);
    },
    usage: () => Promise.resolve({ bytes: null, quota: null, persisted: false }),
    close() {
      closed = true;
      tables.clear();
      return Promise.resolve();
    },
  };
}

function parsed(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

function apply({ rows, keys }: MemoryTable, { key, text }: TextChange): void {
  const known = rows.has(key);
  if (text !== null) rows.set(key, text);
  else rows.delete(key);
  if (known === (text !== null)) return;
  keys.splice(firstAtLeast(keys, key), known ? 1 : 0, ...(known ? [] : [key]));
}

function keysWithin(keys: readonly string[], range: LocalRange): readonly string[] {
  const [from, to] = spanOf(keys, boundsOf(range));
  if (!range.backwards) return keys.slice(from, Math.min(to, from + range.limit));
  return keys.slice(Math.max(from, to - range.limit), to).reverse();
}

/** Where the bounds begin and end among sorted keys. */
function spanOf(keys: readonly string[], bounds: KeyBounds | null): readonly [from: number, to: number] {
  if (!bounds) return [0, 0];
  const { lower, lowerOpen, upper } = bounds;
  const from = firstAtLeast(keys, lowerOpen ? `${lower}\0` : lower);
  return [from, upper === null ? keys.length : firstAtLeast(keys, upper)];
}

/** Index of the first key that is not less than `key`. */
function firstAtLeast(keys: readonly string[], key: string): number {
  let from = 0;
  let to = keys.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((keys[middle] as string) < key) from = middle + 1;
    else to = middle;
  }
  return from;
}
