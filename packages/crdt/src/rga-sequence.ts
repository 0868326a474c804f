import { CrdtFormatError, CrdtLimitError } from './errors.ts';
import { isVisible, newElement, type RGAElement } from './rga-element.ts';
import { anchorOf, HeldOperations, type Placing, refOf } from './rga-held.ts';
import { KeyedOrder } from './rga-keys.ts';
import type { RGAInsert, RGAMove, RGAOperation, RGAOutcome, RGAPosition, RGARemove, RGASet } from './rga-operation.ts';
import { comparePositions, Position, RGAOrder } from './rga-order.ts';
import { decodeRGA, encodeRGA, moveRef, type RGAState } from './rga-state.ts';
import { compareStamps, replaces, type Stamp } from './stamp.ts';
import { isTimestamp, MAX_TIMESTAMP, type Timestamp } from './timestamp.ts';

export interface RGAOptions {
  /** Operations that may wait for what they refer to, and elements that may be named before they are inserted. */
  readonly max_held?: number;
  /** Random numbers from 0 to below 1 for {@link RGASequence.key}; needed only when keys of several replicas meet. */
  readonly jitter?: () => number;
  /** Keys given out before, by element, as a store kept them; only with {@link RGASequence.from}. */
  readonly keys?: Iterable<readonly [id: string, key: string]>;
}

export const MAX_HELD = 10_000;

/**
 * A list that several people edit at once: agenda items, or the order of messages.
 *
 * Places are a replicated growable array's (Roh, Jeon, Kim, Lee: "Replicated abstract data types", JPDC 2011): an element
 * stands after another, and of several the newest is nearest. What is inserted here is placed on either side of a
 * neighbour, as in Fugue (Weidner, Kleppmann: "The Art of the Fugue", 2023), so that runs typed by two people at one
 * place never interleave, forwards or backwards. Moving takes a new place and lets the latest move stand (Kleppmann:
 * "Moving elements in list CRDTs", PaPoC 2020). Removed elements keep their place and lose their content.
 *
 * Operations may be applied in any order and more than once. Ids are the caller's, unique, and hold no comma.
 */
export class RGASequence<T> {
  readonly #order: RGAOrder<RGAElement<T>>;
  readonly #keys: KeyedOrder;
  readonly #elements = new Map<string, RGAElement<T>>();
  readonly #moves = new Map<string, Position<RGAElement<T>>>();
  readonly #held: HeldOperations<T>;
  readonly #max_held: number;
  /** Elements that something was said about, but that are not inserted yet. */
  #unknown = 0;
  #length = 0;
  #last: Timestamp = 0;

  constructor({ max_held = MAX_HELD, jitter = () => 0.5 }: Omit<RGAOptions, 'keys'> = {}) {
    const root = new Position<RGAElement<T>>('', { timestamp: 0, node: '' }, newElement(''));
    this.#order = new RGAOrder(root);
    this.#keys = new KeyedOrder(jitter);
    this.#held = new HeldOperations(max_held);
    this.#max_held = max_held;
  }

  /** A sequence of that state. What the contents are, is the caller's to check.
   * @throws {CrdtFormatError} the state is malformed, or `keys` do not sort as its elements do. */
  static from<T>(state: unknown, options: RGAOptions = {}): RGASequence<T> {
    const sequence = new RGASequence<T>(options);
    sequence.merge(state as RGAState<T>);
    for (const [id, key] of options.keys ?? []) {
      const position = sequence.#elements.get(id)?.position;
      if (position) position.key = key;
    }
    sequence.#keys.check(sequence.#order);
    return sequence;
  }

  /** How many elements there are, removed ones not counted. */
  get length(): number {
    return this.#length;
  }

  /** Operations that wait for what they refer to. */
  get held(): number {
    return this.#held.count;
  }

  /** The contents, in order. */
  toArray(): T[] {
    return this.#visible().map(({ content }) => content as T);
  }

  /** The elements' ids, in order. */
  ids(): string[] {
    return this.#visible().map(({ id }) => id);
  }

  /** The id of the last element, `null` of an empty sequence: what an element is put after to be appended. */
  lastId(): string | null {
    let last: Position<RGAElement<T>> | null = this.#order.last;
    while (last && !(last.element.position === last && isVisible(last.element))) last = last.previous;
    return last?.element.id ?? null;
  }

  /** The content of an element; `undefined` when it is not here, or removed. */
  get(id: string): T | undefined {
    const element = this.#elements.get(id);
    return element && isVisible(element) ? element.content : undefined;
  }

  /** When and by whom the content of an element was written; `null` where {@link get} answers `undefined`. */
  written(id: string): Stamp | null {
    return this.get(id) === undefined ? null : (this.#elements.get(id)?.written ?? null);
  }

  /**
   * A text that sorts as the elements do, for a store to sort rows by; `null` when the element is not here. It stays the
   * same until the element is moved. Another replica's keys sort alike and are not the same.
   */
  key(id: string): string | null {
    const element = this.#elements.get(id);
    return element?.position && isVisible(element) ? this.#keys.key(element.position) : null;
  }

  /** The position for an insertion or a move right after an element, `null`: at the beginning, as others must be sent it. */
  place(after: string | null): RGAPosition {
    const anchor = after === null ? this.#order.root : this.#elements.get(after)?.position;
    if (!anchor) return { after };
    const { parent, side } = this.#order.placeAfter(anchor);
    if (side === 'before') return { before: parent.ref };
    return { after: parent === this.#order.root ? null : parent.ref };
  }

  /**
   * Inserts an element. Without a timestamp it is made here and now: right after the element named, with the next
   * timestamp. With one it is taken as it is, whoever made it.
   *
   * @returns the whole operation, to be sent.
   * @throws {CrdtFormatError} @throws {CrdtLimitError} as {@link apply}.
   */
  insert(insertion: Omit<RGAInsert<T>, 'op' | 'timestamp' | 'node'> & Partial<Stamp>): RGAInsert<T> {
    const { id, content, position, node = '', timestamp } = insertion;
    const here = timestamp === undefined && 'after' in position;
    const operation: RGAInsert<T> = {
      op: 'insert',
      id,
      content,
      position: here ? this.place(position.after) : position,
      timestamp: timestamp ?? this.#next(),
      node,
    };
    this.apply(operation);
    return operation;
  }

  /** Removes an element for good. @returns the operation to send. */
  remove(id: string): RGARemove {
    const operation: RGARemove = { op: 'remove', id };
    this.apply(operation);
    return operation;
  }

  /** Replaces an element's content; the latest stands. @returns the operation to send. */
  set(id: string, content: T, timestamp: Timestamp, node: string): RGASet<T> {
    const operation: RGASet<T> = { op: 'set', id, content, timestamp, node };
    this.apply(operation);
    return operation;
  }

  /** Puts an element right after another, `null`: first; of moves at the same time the latest stands.
   * @returns the operation to send. */
  move(id: string, after: string | null, timestamp: Timestamp, node: string): RGAMove {
    const operation: RGAMove = { op: 'move', id, position: this.place(after), timestamp, node };
    this.apply(operation);
    return operation;
  }

  /**
   * Applies an operation, from whichever replica, in whichever order.
   *
   * @returns `held` when it waits for the position it refers to; `known` when it changed nothing.
   * @throws {CrdtFormatError} an id with a comma or a timestamp that is none.
   * @throws {CrdtLimitError} too much is held: what is missing should be fetched first.
   */
  apply(operation: RGAOperation<T>): RGAOutcome {
    if (operation.op === 'remove') return this.#remove(operation.id);
    if (!isTimestamp(operation.timestamp)) {
      throw new CrdtFormatError(`not a timestamp: ${String(operation.timestamp)}`);
    }
    this.#last = Math.max(this.#last, operation.timestamp);
    switch (operation.op) {
      case 'insert':
        return this.#insert(operation);
      case 'set':
        return this.#write(this.#element(operation.id), operation) ? 'applied' : 'known';
      case 'move':
        if (this.#moves.has(moveRef(operation))) return 'known';
        if (!this.#isAnchored(operation)) this.#held.assertRoom();
        return this.#put(this.#element(operation.id), operation);
    }
  }

  /** Everything, removed elements' places and waiting operations too. */
  state(): RGAState<T> {
    return encodeRGA(this.#order, this.#elements.values(), this.#held);
  }

  /** @returns whether anything changed.
   * @throws {CrdtFormatError} and then nothing was changed. @throws {CrdtLimitError} as {@link apply}. */
  merge(state: RGAState<T>): boolean {
    let changed = false;
    for (const operation of decodeRGA<T>(state)) changed = this.apply(operation) !== 'known' || changed;
    return changed;
  }

  #insert(operation: RGAInsert<T>): RGAOutcome {
    if (this.#elements.get(operation.id)?.inserted) return 'known';
    if (!this.#isAnchored(operation)) this.#held.assertRoom();
    const element = this.#element(operation.id, true);
    element.inserted = true;
    this.#unknown -= 1;
    this.#write(element, operation);
    if (isVisible(element)) this.#length += 1;
    return this.#put(element, operation);
  }

  #remove(id: string): RGAOutcome {
    const element = this.#element(id);
    if (element.removed) return 'known';
    if (isVisible(element)) this.#length -= 1;
    element.removed = true;
    element.content = undefined;
    return 'applied';
  }

  #write(element: RGAElement<T>, { content, timestamp, node }: { content: T } & Stamp): boolean {
    const { written, content: value } = element;
    const current = written && { value, timestamp: written.timestamp, node: written.node };
    if (element.removed || !replaces({ value: content, timestamp, node }, current)) return false;
    element.content = content;
    element.written = { timestamp, node };
    return true;
  }

  /** Takes the place an insertion or a move asks for, or waits for its neighbour, and lets in what waited for it. */
  #put(element: RGAElement<T>, operation: Placing<T>): RGAOutcome {
    const outcome = this.#take(element, operation);
    if (outcome === 'held') return outcome;
    const settled = [refOf(operation)];
    for (let ref = settled.pop(); ref !== undefined; ref = settled.pop()) {
      for (const next of this.#held.take(ref)) {
        if (this.#take(this.#element(next.id), next) === 'applied') settled.push(refOf(next));
      }
    }
    return outcome;
  }

  #take(element: RGAElement<T>, operation: Placing<T>): RGAOutcome {
    const anchor = anchorOf(operation);
    const parent = anchor === null ? this.#order.root : this.#position(anchor);
    if (!parent) return this.#held.add(anchor ?? '', operation) ? 'held' : 'known';
    const ref = refOf(operation);
    if (this.#position(ref)) return 'known';
    const position = new Position(ref, operation, element);
    this.#order.insert(position, parent, 'before' in operation.position ? 'before' : 'after');
    if (operation.op === 'insert') {
      element.origin = position;
      // One object for both stamps, which are the same until somebody writes the content anew.
      if (element.written && compareStamps(element.written, position) === 0) element.written = position;
    } else this.#moves.set(ref, position);
    if (!element.position || comparePositions(position, element.position) > 0) {
      const visible = isVisible(element);
      element.position = position;
      if (!visible && isVisible(element)) this.#length += 1;
    }
    return 'applied';
  }

  #isAnchored(operation: Placing<T>): boolean {
    const anchor = anchorOf(operation);
    return anchor === null || this.#position(anchor) !== undefined;
  }

  #position(ref: string): Position<RGAElement<T>> | undefined {
    return this.#elements.get(ref)?.origin ?? this.#moves.get(ref);
  }

  #element(id: string, inserting = false): RGAElement<T> {
    const known = this.#elements.get(id);
    if (known) return known;
    if (typeof id !== 'string' || id === '' || id.includes(',')) throw new CrdtFormatError('not the id of an element');
    if (!inserting && this.#unknown >= this.#max_held) {
      throw new CrdtLimitError('too many elements are named that are not inserted');
    }
    const element = newElement<T>(id);
    this.#elements.set(id, element);
    this.#unknown += 1;
    return element;
  }

  #visible(): RGAElement<T>[] {
    const visible: RGAElement<T>[] = [];
    for (let position = this.#order.root.next; position; position = position.next) {
      if (position.element.position === position && isVisible(position.element)) visible.push(position.element);
    }
    return visible;
  }

  #next(): Timestamp {
    return Math.min(MAX_TIMESTAMP, this.#last + 1);
  }
}
