import { compareStrings } from './node-table.ts';
import { compareStamps, type Stamp } from './stamp.ts';

/** Which side of its parent a position stands on. */
export type Side = 'after' | 'before';

/**
 * One place in the order, taken for ever: a node of a tree, and of the list that is the tree's traversal. First come the
 * positions before it, then itself, then the positions after it. Of several on one side the newest is nearest.
 */
export class Position<E> implements Stamp {
  readonly ref: string;
  readonly timestamp: number;
  readonly node: string;
  readonly element: E;
  parent: Position<E> | null = null;
  side: Side = 'after';
  /** Oldest first, both. */
  before: Position<E>[] | null = null;
  after: Position<E>[] | null = null;
  previous: Position<E> | null = null;
  next: Position<E> | null = null;
  /** A text that sorts as the list does, once somebody has asked for it. */
  key: string | null = null;

  constructor(ref: string, { timestamp, node }: Stamp, element: E) {
    this.ref = ref;
    this.timestamp = timestamp;
    this.node = node;
    this.element = element;
  }
}

/**
 * The order of a sequence: a tree that grows only, and its traversal as a linked list. Where a position stands depends on
 * its parent, side and stamp alone, so every replica that knows the same positions has the same list.
 */
export class RGAOrder<E> {
  /** Before the first position; not part of the list. */
  readonly root: Position<E>;
  #last: Position<E>;

  constructor(root: Position<E>) {
    this.root = root;
    this.#last = root;
  }

  /** The last position; the root when there is none. */
  get last(): Position<E> {
    return this.#last;
  }

  /**
   * Where something put right after `anchor` belongs, so that runs of two people at one place stay apart in either
   * direction of typing: after the anchor while nothing is, else before what follows it in the list.
   */
  placeAfter(anchor: Position<E>): { readonly parent: Position<E>; readonly side: Side } {
    if (!anchor.after || !anchor.next) return { parent: anchor, side: 'after' };
    return { parent: anchor.next, side: 'before' };
  }

  /** Puts a new position into the tree and the list. Time: constant for what is typed in runs. */
  insert(position: Position<E>, parent: Position<E>, side: Side): void {
    position.parent = parent;
    position.side = side;
    parent[side] ??= [];
    const siblings = parent[side];
    const index = rankIn(siblings, position);
    const predecessor = this.#predecessor(parent, side, index);
    siblings.splice(index, 0, position);
    this.#link(position, predecessor);
  }

  *[Symbol.iterator](): Generator<Position<E>> {
    for (let position = this.root.next; position; position = position.next) yield position;
  }

  #link(position: Position<E>, predecessor: Position<E>): void {
    position.previous = predecessor;
    position.next = predecessor.next;
    if (predecessor.next) predecessor.next.previous = position;
    else this.#last = position;
    predecessor.next = position;
  }

  /**
   * The position after which one belongs that is to be number `index` on a side of `parent`. On the `after` side that is
   * the last of its newer sibling's subtree, and also what is right before whatever follows that subtree; the `before`
   * side mirrors it. Both are sought at once, in turns, so that the shorter way decides: otherwise a long run with
   * something behind each of its letters would take quadratic time.
   */
  #predecessor(parent: Position<E>, side: Side, index: number): Position<E> {
    const other = side === 'after' ? 'before' : 'after';
    const inwards = (position: Position<E>) => (side === 'after' ? position : (position.previous ?? this.root));
    const outwards = (position: Position<E>) => (side === 'after' ? (position.previous ?? this.root) : position);
    let edge = parent[side]?.[index];
    if (!edge) return inwards(parent);
    let beyond = parent[side]?.[index - 1] ?? null;
    let ancestor = parent;
    for (;;) {
      const deeper: Position<E> | undefined = edge[side]?.[0];
      if (!deeper) return inwards(edge);
      edge = deeper;
      if (beyond) {
        const nearer: Position<E> | undefined = beyond[other]?.[0];
        if (!nearer) return outwards(beyond);
        beyond = nearer;
        continue;
      }
      const above: Position<E> | null = ancestor.parent;
      if (!above) return side === 'after' ? this.#last : this.root;
      const siblings: readonly Position<E>[] = above[ancestor.side] ?? [];
      const rank = rankIn(siblings, ancestor);
      if (ancestor.side === side) beyond = siblings[rank - 1] ?? null;
      else if (siblings[rank + 1]) beyond = siblings[rank + 1] ?? null;
      else return outwards(above);
      ancestor = above;
    }
  }
}

function rankIn<E>(siblings: readonly Position<E>[], position: Position<E>): number {
  let low = 0;
  let high = siblings.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = siblings[middle];
    if (other && comparePositions(other, position) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** By age: which of two positions is the newer one. */
export function comparePositions(a: Position<unknown>, b: Position<unknown>): number {
  return compareStamps(a, b) || compareStrings(a.ref, b.ref);
}
