import {
  malformed,
  readCount,
  readIndexed,
  readList,
  readState,
  readString,
  readStrings,
  readTimestamp,
} from './format.ts';
import { compareStrings, nodeTable } from './node-table.ts';
import { replaces, type Stamp, type Stamped } from './stamp.ts';
import type { Timestamp } from './timestamp.ts';

export interface LWWMapOperation<T> extends Stamp {
  readonly field: string;
  /** `null` deletes the field. */
  readonly value: T | null;
}

/** `n`: nodes; `b`: the earliest timestamp; `f`: field, value, index in `n`, timestamp after `b`. Sorted by field. */
export interface LWWMapState<T> {
  readonly v: 1;
  readonly n: readonly string[];
  readonly b: Timestamp;
  readonly f: readonly (readonly [field: string, value: T | null, node: number, after: number])[];
}

/**
 * A document of fields; in each the latest write stands. A deleted field keeps its stamp, because an earlier write may
 * still come, so the names of fields should be few.
 */
export class LWWMap<T> {
  readonly #fields = new Map<string, Stamped<T | null>>();

  /** A map of that state. What the values are, is the caller's to check.
   * @throws {CrdtFormatError} */
  static from<T>(state: unknown): LWWMap<T> {
    const map = new LWWMap<T>();
    map.merge(state as LWWMapState<T>);
    return map;
  }

  /** @returns whether this write is now the field's.
   * @throws {CrdtFormatError} the timestamp is none. */
  apply({ field, value, timestamp, node }: LWWMapOperation<T>): boolean {
    const write = { value, timestamp, node };
    if (!replaces(write, this.#fields.get(field))) return false;
    this.#fields.set(field, write);
    return true;
  }

  /** `undefined` when the field was never written or is deleted. */
  get(field: string): T | undefined {
    return this.#fields.get(field)?.value ?? undefined;
  }

  /** The write that stands, deletions too. */
  current(field: string): Stamped<T | null> | null {
    return this.#fields.get(field) ?? null;
  }

  /** The fields that have a value, in string order. */
  entries(): (readonly [field: string, value: T])[] {
    const live: (readonly [string, T])[] = [];
    for (const [field, { value }] of this.#fields) if (value !== null) live.push([field, value]);
    return live.sort(([a], [b]) => compareStrings(a, b));
  }

  state(): LWWMapState<T> {
    const fields = [...this.#fields].sort(([a], [b]) => compareStrings(a, b));
    const { nodes, indexOf } = nodeTable(fields.map(([, write]) => write.node));
    const base = fields.reduce((least, [, { timestamp }]) => Math.min(least, timestamp), Number.MAX_SAFE_INTEGER);
    const rows = fields.map(
      ([field, { value, timestamp, node }]) => [field, value, indexOf(node), timestamp - base] as const,
    );
    return { v: 1, n: nodes, b: rows.length === 0 ? 0 : base, f: rows };
  }

  /** @returns whether anything changed.
   * @throws {CrdtFormatError} */
  merge(state: LWWMapState<T>): boolean {
    const what = 'map';
    const { n, b, f } = readState(state, what);
    const nodes = readStrings(n, what);
    const base = readTimestamp(b, what);
    const writes = readList(f, what).map((row): LWWMapOperation<T> => {
      const [field, value, node, after] = readList(row, what);
      if (value === undefined) throw malformed(what, 'no value');
      return {
        field: readString(field, what),
        value: value as T | null,
        timestamp: readTimestamp(base + readCount(after, what), what),
        node: readIndexed(nodes, node, what),
      };
    });
    let changed = false;
    for (const write of writes) changed = this.apply(write) || changed;
    return changed;
  }
}
