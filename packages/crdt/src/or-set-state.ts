import type { Dot } from './dot.ts';
import { dot as dotOf, dotParts } from './dot.ts';
import {
  malformed,
  readCount,
  readIndexed,
  readList,
  readNodes,
  readState,
  readString,
  readTimestamp,
} from './format.ts';
import { compareStrings, nodeTable } from './node-table.ts';
import { type ElementRecord, isAliveIn, type TagRecord } from './or-set-record.ts';
import type { Timestamp } from './timestamp.ts';
import { VersionVector } from './version-vector.ts';

/** A dot as two numbers, index in `n` and sequence; any other tag as it is. Times are 1 + what is after `b`; 0: none. */
type Cell = number | string | readonly Cell[];

/**
 * `n`: nodes; `b`: the earliest time; `e`: elements, sorted, each with its tags (one added in knowledge of admins'
 * removals is a list of its own: the tag, then those dots), its tombstones (tag, the removal's dot, its time) and
 * admins' removals (dot, time), without empty lists at the end; `c`: the highest sequences collected, as dots.
 */
export interface ORSetState {
  readonly v: 1;
  readonly n: readonly string[];
  readonly b: Timestamp;
  readonly e: readonly (readonly [element: string, ...lists: (readonly Cell[])[]])[];
  readonly c: readonly number[];
}

export function encodeORSet(elements: ReadonlyMap<string, ElementRecord>, collected: VersionVector): ORSetState {
  const writer = new Writer(elements, collected);
  const rows = [...elements].sort(([a], [b]) => compareStrings(a, b));
  return {
    v: 1,
    n: writer.nodes,
    b: writer.base,
    e: rows.map(([element, record]) => [element, ...writer.lists(record)] as const),
    c: collected.entries().flatMap(([node, sequence]) => [writer.indexOf(node), sequence]),
  };
}

/** @throws {CrdtFormatError} */
export function decodeORSet<E extends string>(
  state: unknown,
): { readonly elements: Map<E, ElementRecord>; readonly collected: VersionVector } {
  const { n, b, e, c } = readState(state, WHAT);
  const nodes = readNodes(n, WHAT);
  const base = readTimestamp(b, WHAT);
  const elements = new Map<E, ElementRecord>();
  for (const row of readList(e, WHAT)) {
    const [element, tags = [], tombstones = [], admin = []] = readList(row, WHAT);
    const record: ElementRecord = { tags: new Map(), admin: null, alive: 0 };
    readTags(new Reader(tags, nodes, base), record.tags);
    for (const reader = new Reader(tombstones, nodes, base); reader.more(); ) {
      record.tags.set(reader.tag(), { seen: [], removal: { dot: reader.tag(), at: reader.time() } });
    }
    for (const reader = new Reader(admin, nodes, base); reader.more(); ) {
      record.admin ??= new Map();
      record.admin.set(reader.tag(), reader.time());
    }
    for (const found of record.tags.values()) if (isAliveIn(record, found)) record.alive += 1;
    elements.set(readString(element, WHAT) as E, record);
  }
  const collected: [string, number][] = [];
  for (const reader = new Reader(c, nodes, base); reader.more(); ) {
    const parts = dotParts(reader.tag());
    if (!parts) throw malformed(WHAT, 'no dot');
    collected.push([parts.node, parts.sequence]);
  }
  return { elements, collected: VersionVector.of(collected) };
}

const WHAT = 'set';

function readTags(reader: Reader, tags: Map<Dot, TagRecord>): void {
  while (reader.more()) {
    const inner = reader.list();
    const tag = (inner ?? reader).tag();
    const seen: Dot[] = [];
    while (inner?.more()) seen.push(inner.tag());
    tags.set(tag, { seen, removal: null });
  }
}

class Reader {
  readonly #cells: readonly unknown[];
  readonly #nodes: readonly string[];
  readonly #base: Timestamp;
  #next = 0;

  constructor(cells: unknown, nodes: readonly string[], base: Timestamp) {
    this.#cells = readList(cells, WHAT);
    this.#nodes = nodes;
    this.#base = base;
  }

  more(): boolean {
    return this.#next < this.#cells.length;
  }

  /** The list that comes next, or `null` when something else does. */
  list(): Reader | null {
    const cell = this.#cells[this.#next];
    if (!Array.isArray(cell)) return null;
    this.#next += 1;
    return new Reader(cell, this.#nodes, this.#base);
  }

  tag(): string {
    const cell = this.#take();
    if (typeof cell === 'string') return cell;
    return dotOf(readIndexed(this.#nodes, cell, WHAT), readCount(this.#take(), WHAT));
  }

  time(): Timestamp {
    const after = readCount(this.#take(), WHAT);
    return after === 0 ? 0 : readTimestamp(this.#base + after - 1, WHAT);
  }

  #take(): unknown {
    this.#next += 1;
    return this.#cells[this.#next - 1];
  }
}

class Writer {
  readonly nodes: readonly string[];
  readonly indexOf: (node: string) => number;
  readonly base: Timestamp;

  constructor(elements: ReadonlyMap<string, ElementRecord>, collected: VersionVector) {
    const nodes = new Set<string>(collected.entries().map(([node]) => node));
    let base = Number.MAX_SAFE_INTEGER;
    const note = (tag: string, at: Timestamp) => {
      const parts = dotParts(tag);
      if (parts) nodes.add(parts.node);
      if (at > 0) base = Math.min(base, at);
    };
    for (const { tags, admin } of elements.values()) {
      for (const [tag, { seen, removal }] of tags) {
        note(tag, 0);
        for (const dot of seen) note(dot, 0);
        if (removal) note(removal.dot, removal.at);
      }
      for (const [dot, at] of admin ?? []) note(dot, at);
    }
    const table = nodeTable(nodes);
    this.nodes = table.nodes;
    this.indexOf = table.indexOf;
    this.base = base === Number.MAX_SAFE_INTEGER ? 0 : base;
  }

  lists({ tags, admin }: ElementRecord): readonly (readonly Cell[])[] {
    const alive: Cell[] = [];
    const tombstones: Cell[] = [];
    for (const [tag, { seen, removal }] of sorted(tags)) {
      if (removal) tombstones.push(...this.#tag(tag), ...this.#tag(removal.dot), this.#time(removal.at));
      else if (seen.length === 0) alive.push(...this.#tag(tag));
      else alive.push([tag, ...[...seen].sort(compareStrings)].flatMap((dot) => this.#tag(dot)));
    }
    const removals = sorted(admin ?? new Map<Dot, Timestamp>()).flatMap(([dot, at]) => [
      ...this.#tag(dot),
      this.#time(at),
    ]);
    const lists = [alive, tombstones, removals];
    while (lists.at(-1)?.length === 0) lists.pop();
    return lists;
  }

  #tag(tag: string): readonly Cell[] {
    const parts = dotParts(tag);
    return parts ? [this.indexOf(parts.node), parts.sequence] : [tag];
  }

  #time(at: Timestamp): number {
    return at === 0 ? 0 : at - this.base + 1;
  }
}

function sorted<V>(map: ReadonlyMap<string, V>): [string, V][] {
  return [...map].sort(([a], [b]) => compareStrings(a, b));
}
