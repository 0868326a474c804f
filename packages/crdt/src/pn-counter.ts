import { assertNode } from './dot.ts';
import { CrdtFormatError, CrdtLimitError } from './errors.ts';
import { malformed, readCount, readList, readNodes, readState } from './format.ts';
import { compareStrings } from './node-table.ts';

/** What one node has counted up and down in all. Applying it twice, or an older one after a newer, changes nothing. */
export interface PNCounterOperation {
  readonly node: string;
  readonly positive: number;
  readonly negative: number;
}

/** `n`: nodes, sorted; `c`: for each in turn its positive and its negative total. */
export interface PNCounterState {
  readonly v: 1;
  readonly n: readonly string[];
  readonly c: readonly number[];
}

/** What one node can count in either direction; keeps the sum over two million nodes exact. */
export const MAX_NODE_COUNT = 2 ** 32 - 1;

interface Totals {
  positive: number;
  negative: number;
}

/**
 * A counter to which everybody adds. Every node counts for itself, the maximum of each node's totals is taken, and the
 * value is their sum; the maximum of *sums* would lose what was counted elsewhere at the same time.
 *
 * Shapiro, Preguiça, Baquero, Zawirski: "A comprehensive study of Convergent and Commutative Replicated Data Types"
 * (INRIA RR-7506, 2011), specification 7.
 */
export class PNCounter {
  readonly #nodes = new Map<string, Totals>();
  #value = 0;

  /** @throws {CrdtFormatError} */
  static from(state: unknown): PNCounter {
    const counter = new PNCounter();
    counter.merge(state as PNCounterState);
    return counter;
  }

  /** Counts up at this node. @returns the operation to send.
   * @throws {CrdtFormatError} `by` is no count or `node` no node id. @throws {CrdtLimitError} past {@link MAX_NODE_COUNT}. */
  increment(node: string, by = 1): PNCounterOperation {
    return this.#count(node, by, 0);
  }

  /** Counts down at this node; otherwise as {@link increment}. */
  decrement(node: string, by = 1): PNCounterOperation {
    return this.#count(node, 0, by);
  }

  /** @returns whether anything changed.
   * @throws {CrdtFormatError} a total is out of range, or `node` no node id. */
  apply({ node, positive, negative }: PNCounterOperation): boolean {
    if (!isTotal(positive) || !isTotal(negative)) throw new CrdtFormatError('a total of a counter is out of range');
    const known = this.#nodes.get(node);
    if (!known) {
      assertNode(node);
      this.#nodes.set(node, { positive, negative });
      this.#value += positive - negative;
      return true;
    }
    const up = Math.max(0, positive - known.positive);
    const down = Math.max(0, negative - known.negative);
    if (up === 0 && down === 0) return false;
    known.positive += up;
    known.negative += down;
    this.#value += up - down;
    return true;
  }

  value(): number {
    return this.#value;
  }

  state(): PNCounterState {
    const rows = [...this.#nodes].sort(([a], [b]) => compareStrings(a, b));
    return {
      v: 1,
      n: rows.map(([node]) => node),
      c: rows.flatMap(([, { positive, negative }]) => [positive, negative]),
    };
  }

  /** @returns whether anything changed.
   * @throws {CrdtFormatError} */
  merge(state: PNCounterState): boolean {
    const { n, c } = readState(state, 'counter');
    const nodes = readNodes(n, 'counter');
    const totals = readList(c, 'counter').map((total) => readCount(total, 'counter'));
    if (totals.length !== nodes.length * 2 || !totals.every(isTotal)) throw malformed('counter', 'totals');
    let changed = false;
    nodes.forEach((node, index) => {
      const operation = { node, positive: totals[index * 2] ?? 0, negative: totals[index * 2 + 1] ?? 0 };
      changed = this.apply(operation) || changed;
    });
    return changed;
  }

  #count(node: string, up: number, down: number): PNCounterOperation {
    assertNode(node);
    if (!isTotal(up) || !isTotal(down)) throw new CrdtFormatError('a counter counts by integers from 0');
    const known = this.#nodes.get(node);
    const positive = (known?.positive ?? 0) + up;
    const negative = (known?.negative ?? 0) + down;
    if (!isTotal(positive) || !isTotal(negative)) throw new CrdtLimitError(`${node} has counted too much`);
    const operation = { node, positive, negative };
    this.apply(operation);
    return operation;
  }
}

function isTotal(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_NODE_COUNT;
}
