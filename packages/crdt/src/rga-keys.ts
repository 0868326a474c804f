import { CrdtFormatError } from './errors.ts';
import { isKey, keyBetween } from './fractional-index.ts';
import type { Position } from './rga-order.ts';

/** Keys for positions, made when they are asked for, each once. */
export class KeyedOrder {
  readonly #jitter: () => number;

  constructor(jitter: () => number) {
    this.#jitter = jitter;
  }

  /** The position's key. Whatever has none yet between its neighbours that have one gets its key as well. */
  key(position: Position<unknown>): string {
    if (position.key !== null) return position.key;
    let first = position;
    while (first.previous?.previous && first.previous.key === null) first = first.previous;
    let end = position.next;
    while (end && end.key === null) end = end.next;
    let low = first.previous?.key ?? null;
    for (let next: Position<unknown> | null = first; next && next !== end; next = next.next) {
      low = keyBetween(low, end?.key ?? null, this.#jitter);
      next.key = low;
    }
    return position.key ?? this.key(position);
  }

  /** @throws {CrdtFormatError} the keys there are do not sort as the positions do. */
  check(order: Iterable<Position<unknown>>): void {
    let low = '';
    for (const { key } of order) {
      if (key === null) continue;
      if (key <= low || !isKey(key)) throw new CrdtFormatError('keys do not sort as the elements do');
      low = key;
    }
  }
}
