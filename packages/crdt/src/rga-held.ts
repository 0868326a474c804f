import { CrdtLimitError } from './errors.ts';
import type { RGAInsert, RGAMove } from './rga-operation.ts';
import { moveRef } from './rga-state.ts';

/** An operation that takes a place. */
export type Placing<T> = RGAInsert<T> | RGAMove;

/** The position that an operation makes. */
export function refOf<T>(operation: Placing<T>): string {
  return operation.op === 'insert' ? operation.id : moveRef(operation);
}

/** The position that an operation needs; `null`: the beginning. */
export function anchorOf<T>({ position }: Placing<T>): string | null {
  return 'before' in position ? position.before : position.after;
}

/** Operations that wait for the position they refer to, a bounded number. */
export class HeldOperations<T> {
  readonly #by_anchor = new Map<string, Map<string, Placing<T>>>();
  readonly #max: number;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#count;
  }

  /** @throws {CrdtLimitError} there is no room for another. */
  assertRoom(): void {
    if (this.#count >= this.#max) throw new CrdtLimitError('too many operations wait for what they refer to');
  }

  /** @returns whether it was not waiting already. */
  add(anchor: string, operation: Placing<T>): boolean {
    const waiting = this.#by_anchor.get(anchor) ?? new Map<string, Placing<T>>();
    const ref = refOf(operation);
    if (waiting.has(ref)) return false;
    this.#by_anchor.set(anchor, waiting.set(ref, operation));
    this.#count += 1;
    return true;
  }

  /** Takes out what waited for a position. */
  take(anchor: string): Iterable<Placing<T>> {
    const waiting = this.#by_anchor.get(anchor);
    if (!waiting) return [];
    this.#by_anchor.delete(anchor);
    this.#count -= waiting.size;
    return waiting.values();
  }

  *[Symbol.iterator](): Generator<Placing<T>> {
    for (const waiting of this.#by_anchor.values()) yield* waiting.values();
  }
}
