import { canonicalJson } from './canonical-json.ts';
import {
  type Column,
  packDifferences,
  packNumbers,
  packValues,
  unpackDifferences,
  unpackNumbers,
  unpackValues,
  type ValueColumn,
} from './columns.ts';
import { dot, dotParts } from './dot.ts';
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
import type { RGAElement } from './rga-element.ts';
import type { RGAInsert, RGAMove, RGAOperation, RGAPosition, RGASet } from './rga-operation.ts';
import type { Position, RGAOrder } from './rga-order.ts';
import type { Stamp } from './stamp.ts';
import { type Timestamp, timestampOf, wallOf } from './timestamp.ts';

/**
 * The tree of positions, one row each, parents before what stands beside them:
 * `n`: nodes; `i`: references: as they are; or index in `n`, first sequence and number of a run of dots; or, of a move,
 * the row in which what it moved was inserted; `p`: parents:
 * twice the number of rows back (beyond the first row: the beginning), plus 1 when before it; `t` and `k`:
 * milliseconds and counters of timestamps, each less the row's before; `a`: who, as index in `n`; `c`: contents of elements inserted and not removed, by row; `d`: rows of
 * removed elements: rows skipped, rows removed, and so on; `s`: contents written later: row, timestamp, index in `n`;
 * `w`: operations on what is not here yet.
 */
export interface RGAState<T> {
  readonly v: 1;
  readonly n: readonly string[];
  readonly i: readonly (string | number | readonly [node: number, sequence: number, count: number])[];
  readonly p: Column;
  readonly t: Column;
  readonly k: Column;
  readonly a: Column;
  readonly c: ValueColumn;
  readonly d: readonly number[];
  readonly s: readonly (readonly [row: number, timestamp: Timestamp, node: number])[];
  readonly w: readonly RGAOperation<T>[];
}

/** Names the position a move made. */
export function moveRef({ id, timestamp, node }: Pick<RGAMove, 'id' | 'timestamp' | 'node'>): string {
  return `${id},${timestamp},${node}`;
}

export function encodeRGA<T>(
  order: RGAOrder<RGAElement<T>>,
  elements: Iterable<RGAElement<T>>,
  held: Iterable<RGAInsert<T> | RGAMove>,
): RGAState<T> {
  const rows = preorder(order.root);
  const index = new Map(rows.map((position, row) => [position, row]));
  const { nodes, indexOf } = nodeTable(nodesOf(rows));
  const contents: unknown[] = [];
  const removed: boolean[] = [];
  const edits: (readonly [number, Timestamp, number])[] = [];
  rows.forEach((position, row) => {
    const { element, timestamp, node } = position;
    const own = element.origin === position;
    removed.push(own && element.removed);
    if (!own || element.removed) return;
    contents.push(element.content);
    const written = element.written ?? position;
    if (written.timestamp !== timestamp || written.node !== node) {
      edits.push([row, written.timestamp, indexOf(written.node)]);
    }
  });
  return {
    v: 1,
    n: nodes,
    i: packRefs(rows, { index, indexOf }),
    p: packNumbers(rows.map(({ parent, side }, row) => (row - rowOf(index, parent)) * 2 + (side === 'before' ? 1 : 0))),
    t: packDifferences(rows.map(({ timestamp }) => wallOf(timestamp))),
    k: packDifferences(rows.map(({ timestamp }) => timestamp - timestampOf(wallOf(timestamp)))),
    a: packNumbers(rows.map(({ node }) => indexOf(node))),
    c: packValues(contents),
    d: packFlags(removed),
    s: edits,
    w: waiting(elements, held),
  };
}

/** The operations that make a state, in an order in which none has to wait that did not.
 * @throws {CrdtFormatError} */
export function decodeRGA<T>(state: unknown): RGAOperation<T>[] {
  const { n, i, p, t, k, a, c, d, s, w } = readState(state, WHAT);
  const nodes = readStrings(n, WHAT);
  const named = unpackRefs(i, nodes);
  const parents = unpackNumbers(p, WHAT);
  const times = unpackDifferences(t, WHAT);
  const counters = unpackDifferences(k, WHAT);
  const authors = unpackNumbers(a, WHAT);
  const removed = unpackFlags(d, named.length);
  const contents = unpackValues(c, WHAT);
  if ([parents, times, counters, authors].some((column) => column.length !== named.length)) {
    throw malformed(WHAT, 'columns of different length');
  }
  const stamps = named.map((_, row): Stamp => {
    const timestamp = readTimestamp(timestampOf(times[row] ?? 0) + (counters[row] ?? 0), WHAT);
    return { timestamp, node: readIndexed(nodes, authors[row], WHAT) };
  });
  const refs = named.map((ref, row) => (typeof ref === 'string' ? ref : movedRef(named[ref], stamps[row])));
  const operations: RGAOperation<T>[] = [];
  const insertions: (RGAInsert<T> | null)[] = [];
  let content = 0;
  refs.forEach((ref, row) => {
    const stamp = stamps[row];
    if (!stamp) throw malformed(WHAT, 'a row without a stamp');
    const position = positionOf(refs, row, parents[row] ?? 0);
    const comma = ref.indexOf(',');
    if (comma >= 0) {
      insertions.push(null);
      operations.push({ op: 'move', id: ref.slice(0, comma), position, ...stamp });
      return;
    }
    if (!removed[row] && content >= contents.length) throw malformed(WHAT, 'too few contents');
    const value = removed[row] ? undefined : contents[content];
    const insertion: RGAInsert<T> = { op: 'insert', id: ref, content: value as T, position, ...stamp };
    insertions.push(insertion);
    operations.push(insertion);
    if (removed[row]) operations.push({ op: 'remove', id: ref });
    else content += 1;
  });
  if (content !== contents.length) throw malformed(WHAT, 'too many contents');
  return [...operations, ...readEdits<T>(s, insertions, nodes), ...readWaiting<T>(w)];
}

const WHAT = 'sequence';

function preorder<T>(root: Position<RGAElement<T>>): Position<RGAElement<T>>[] {
  const rows: Position<RGAElement<T>>[] = [];
  const open = [root];
  for (let position = open.pop(); position; position = open.pop()) {
    if (position !== root) rows.push(position);
    for (const children of [position.before, position.after]) {
      for (let child = (children?.length ?? 0) - 1; child >= 0; child -= 1) {
        const next = children?.[child];
        if (next) open.push(next);
      }
    }
  }
  return rows;
}

function* nodesOf<T>(rows: readonly Position<RGAElement<T>>[]): Generator<string> {
  for (const { ref, node, element } of rows) {
    yield node;
    if (element.written && !element.removed) yield element.written.node;
    const parts = dotParts(ref);
    if (parts && !ref.includes(',')) yield parts.node;
  }
}

/** The row of a parent; the beginning is row -1. */
function rowOf<P>(index: ReadonlyMap<P, number>, parent: P | null): number {
  return (parent && index.get(parent)) ?? -1;
}

function positionOf(refs: readonly string[], row: number, code: number): RGAPosition {
  const parent = row - Math.floor(code / 2);
  if (code < 2 || parent < -1) throw malformed(WHAT, 'a parent out of range');
  const ref = refs[parent];
  if (code % 2 === 0) return { after: ref ?? null };
  if (ref === undefined) throw malformed(WHAT, 'a place before the beginning');
  return { before: ref };
}

interface Tables<T> {
  readonly index: ReadonlyMap<Position<RGAElement<T>>, number>;
  readonly indexOf: (node: string) => number;
}

function packRefs<T>(rows: readonly Position<RGAElement<T>>[], { index, indexOf }: Tables<T>): RGAState<T>['i'] {
  const packed: (string | number | [number, number, number])[] = [];
  for (const position of rows) {
    const { ref, element } = position;
    const inserted = element.origin ? index.get(element.origin) : undefined;
    const isMove = element.origin !== position;
    const parts = isMove ? null : dotParts(ref);
    const last = packed.at(-1);
    if (!parts) packed.push(isMove && inserted !== undefined ? inserted : ref);
    else if (Array.isArray(last) && last[0] === indexOf(parts.node) && last[1] + last[2] === parts.sequence)
      last[2] += 1;
    else packed.push([indexOf(parts.node), parts.sequence, 1]);
  }
  return packed;
}

function unpackRefs(packed: unknown, nodes: readonly string[]): (string | number)[] {
  const refs: (string | number)[] = [];
  for (const item of readList(packed, WHAT)) {
    if (typeof item === 'string' || typeof item === 'number') {
      refs.push(item);
      continue;
    }
    const [node, first, count] = readList(item, WHAT);
    const name = readIndexed(nodes, node, WHAT);
    const from = readCount(first, WHAT);
    const times = readCount(count, WHAT);
    if (refs.length + times > MAX_ROWS) throw malformed(WHAT, 'too many rows');
    for (let sequence = from; sequence < from + times; sequence += 1) refs.push(dot(name, sequence));
  }
  return refs;
}

function movedRef(id: string | number | undefined, stamp: Stamp | undefined): string {
  if (typeof id !== 'string' || id.includes(',') || !stamp) throw malformed(WHAT, 'a move of no element');
  return moveRef({ id, ...stamp });
}

/** Keeps a short malformed state from unfolding into a large one. */
const MAX_ROWS = 2_000_000;

function packFlags(flags: readonly boolean[]): number[] {
  const runs: number[] = [];
  let at = 0;
  for (let flag = false; at < flags.length; flag = !flag) {
    const start = at;
    while (at < flags.length && flags[at] === flag) at += 1;
    runs.push(at - start);
  }
  if (runs.length % 2 === 1) runs.pop();
  return runs;
}

function unpackFlags(runs: unknown, length: number): boolean[] {
  const flags = new Array<boolean>(length).fill(false);
  let at = 0;
  readList(runs, WHAT).forEach((run, index) => {
    const end = at + readCount(run, WHAT);
    if (end > length) throw malformed(WHAT, 'a row out of range');
    if (index % 2 === 1) flags.fill(true, at, end);
    at = end;
  });
  return flags;
}

/** Later writes: the row's content is theirs, its insertion's own is forgotten. */
function readEdits<T>(list: unknown, rows: readonly (RGAInsert<T> | null)[], nodes: readonly string[]): RGASet<T>[] {
  return readList(list, WHAT).map((edit) => {
    const [row, timestamp, node] = readList(edit, WHAT);
    const insertion = rows[readCount(row, WHAT)];
    if (!insertion) throw malformed(WHAT, 'a write to no element');
    const { id, content } = insertion;
    const stamp = { timestamp: readTimestamp(timestamp, WHAT), node: readIndexed(nodes, node, WHAT) };
    return { op: 'set', id, content, ...stamp };
  });
}

/** What cannot be a row: operations that wait, and what was said about elements that are not inserted. */
function waiting<T>(elements: Iterable<RGAElement<T>>, held: Iterable<RGAInsert<T> | RGAMove>): RGAOperation<T>[] {
  const operations: RGAOperation<T>[] = [];
  for (const { id, removed, written, content, origin } of elements) {
    if (origin) continue;
    if (removed) operations.push({ op: 'remove', id });
    else if (written) operations.push({ op: 'set', id, content: content as T, ...written });
  }
  const texts = new Map([...operations, ...held].map((operation) => [canonicalJson(operation), operation]));
  return [...texts].sort(([a], [b]) => compareStrings(a, b)).map(([, operation]) => operation);
}

function readWaiting<T>(list: unknown): RGAOperation<T>[] {
  return readList(list, WHAT).map((item): RGAOperation<T> => {
    if (typeof item !== 'object' || item === null) throw malformed(WHAT, 'no operation');
    const { op, id, content, position, timestamp, node } = item as Record<string, unknown>;
    const named = { id: readString(id, WHAT) };
    if (op === 'remove') return { op, ...named };
    const stamp = { timestamp: readTimestamp(timestamp, WHAT), node: readString(node, WHAT) };
    if (op === 'set') return { op, ...named, content: content as T, ...stamp };
    const place = readPosition(position);
    if (op === 'insert') return { op, ...named, content: content as T, position: place, ...stamp };
    if (op === 'move') return { op, ...named, position: place, ...stamp };
    throw malformed(WHAT, 'an unknown operation');
  });
}

function readPosition(position: unknown): RGAPosition {
  if (typeof position !== 'object' || position === null) throw malformed(WHAT, 'no position');
  if ('before' in position) return { before: readString(position.before, WHAT) };
  const after = 'after' in position ? position.after : undefined;
  return { after: after === null ? null : readString(after, WHAT) };
}
