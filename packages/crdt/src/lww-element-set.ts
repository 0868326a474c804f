import { CrdtFormatError } from './errors.ts';
import { readCount, readList, readState, readString, readTimestamp } from './format.ts';
import { compareStrings } from './node-table.ts';
import { isTimestamp, type Timestamp } from './timestamp.ts';

export interface LWWElementSetOperation<E extends string = string> {
  readonly op: 'add' | 'remove';
  readonly element: E;
  readonly timestamp: Timestamp;
}

/** `b`: the earliest timestamp; `e`: element, its latest add and remove as timestamps after `b` plus 1; 0: none. */
export interface LWWElementSetState {
  readonly v: 1;
  readonly b: Timestamp;
  readonly e: readonly (readonly [element: string, added: number, removed: number])[];
}

interface Times {
  /** -1: never. */
  added: number;
  removed: number;
}

/**
 * A set in which the newer of an element's latest add and latest remove stands; of one time, the remove does. Every
 * element ever named is remembered. Where an add and a remove written apart should both keep their meaning, use
 * {@link import('./or-set.ts').ORSet}.
 */
export class LWWElementSet<E extends string = string> {
  readonly #elements = new Map<E, Times>();

  /** @throws {CrdtFormatError} */
  static from<E extends string = string>(state: unknown): LWWElementSet<E> {
    const set = new LWWElementSet<E>();
    set.merge(state as LWWElementSetState);
    return set;
  }

  /** @returns whether anything changed, membership or a time.
   * @throws {CrdtFormatError} the timestamp is none. */
  apply({ op, element, timestamp }: LWWElementSetOperation<E>): boolean {
    if (!isTimestamp(timestamp)) throw new CrdtFormatError(`not a timestamp: ${String(timestamp)}`);
    let times = this.#elements.get(element);
    if (!times) {
      times = { added: -1, removed: -1 };
      this.#elements.set(element, times);
    }
    const field = op === 'add' ? 'added' : 'removed';
    if (timestamp <= times[field]) return false;
    times[field] = timestamp;
    return true;
  }

  contains(element: E): boolean {
    const times = this.#elements.get(element);
    return times !== undefined && times.added > times.removed;
  }

  /** In string order. */
  elements(): E[] {
    return [...this.#elements.keys()].filter((element) => this.contains(element)).sort(compareStrings);
  }

  state(): LWWElementSetState {
    const rows = [...this.#elements].sort(([a], [b]) => compareStrings(a, b));
    let base = Number.MAX_SAFE_INTEGER;
    for (const [, times] of rows)
      for (const time of [times.added, times.removed]) if (time >= 0) base = Math.min(base, time);
    const after = (time: number) => (time < 0 ? 0 : time - base + 1);
    const e = rows.map(([element, times]) => [element, after(times.added), after(times.removed)] as const);
    return { v: 1, b: rows.length === 0 ? 0 : base, e };
  }

  /** @returns whether anything changed.
   * @throws {CrdtFormatError} */
  merge(state: LWWElementSetState): boolean {
    const { b, e } = readState(state, 'set');
    const base = readTimestamp(b, 'set');
    const operations: LWWElementSetOperation<E>[] = [];
    for (const row of readList(e, 'set')) {
      const [element, ...times] = readList(row, 'set');
      for (const [index, op] of (['add', 'remove'] as const).entries()) {
        const after = readCount(times[index], 'set');
        if (after === 0) continue;
        const timestamp = readTimestamp(base + after - 1, 'set');
        operations.push({ op, element: readString(element, 'set') as E, timestamp });
      }
    }
    let changed = false;
    for (const operation of operations) changed = this.apply(operation) || changed;
    return changed;
  }
}
