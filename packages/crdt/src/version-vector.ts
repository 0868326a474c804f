import { assertNode, type Dot, isNode, parseDot, shown } from './dot.ts';
import { CrdtFormatError } from './errors.ts';

export type VectorOrder = 'equal' | 'before' | 'after' | 'concurrent';

/** Entries a vector from outside may have. Whoever replicates among more nodes than that says so to `parse`. */
export const MAX_VECTOR_ENTRIES = 1024;

/** `split` takes its limit modulo 2^32. */
const MAX_PARTS = 2 ** 31;

const SEQUENCE = /^(0|[1-9][0-9]{0,15})$/;

/**
 * How far a replica is: for each node the highest sequence up to which everything was received. An immutable value.
 * A node that is not named counts as 0. Written `node:sequence`, joined by commas, sorted by node.
 */
export class VersionVector {
  static readonly EMPTY = new VersionVector(new Map());
  readonly #entries: ReadonlyMap<string, number>;

  private constructor(entries: ReadonlyMap<string, number>) {
    this.#entries = entries;
  }

  /** @throws {CrdtFormatError} a node id or a sequence is malformed. */
  static of(entries: Iterable<readonly [node: string, sequence: number]>): VersionVector {
    const known = new Map<string, number>();
    for (const [node, sequence] of entries) {
      assertEntry(node, sequence);
      known.set(node, Math.max(sequence, known.get(node) ?? 0));
    }
    return new VersionVector(known);
  }

  /**
   * Reads `a:3,b:7`; the empty text is the empty vector.
   *
   * @throws {CrdtFormatError} rubbish, a node named twice, or more than `max_entries`.
   */
  static parse(text: string, max_entries = MAX_VECTOR_ENTRIES): VersionVector {
    if (typeof text !== 'string') throw new CrdtFormatError(`not a version vector: ${shown(text)}`);
    if (text === '') return VersionVector.EMPTY;
    const parts = text.split(',', Math.min(max_entries, MAX_PARTS) + 1);
    if (parts.length > max_entries) throw new CrdtFormatError(`a version vector of more than ${max_entries} entries`);
    const entries = new Map<string, number>();
    for (const part of parts) {
      const colon = part.indexOf(':');
      const node = part.slice(0, Math.max(0, colon));
      const digits = part.slice(colon + 1);
      if (!isNode(node) || !SEQUENCE.test(digits) || !Number.isSafeInteger(Number(digits)) || entries.has(node)) {
        throw new CrdtFormatError(`not an entry of a version vector: ${shown(part)}`);
      }
      entries.set(node, Number(digits));
    }
    return new VersionVector(entries);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(node: string): number {
    return this.#entries.get(node) ?? 0;
  }

  /** @throws {CrdtFormatError} it is no dot. */
  includes(dot: Dot): boolean {
    const { node, sequence } = parseDot(dot);
    return this.get(node) >= sequence;
  }

  /** In the order of node ids. */
  entries(): (readonly [node: string, sequence: number])[] {
    return [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** This vector with `node` at `sequence`; a vector never goes back.
   * @throws {CrdtFormatError} the node id or the sequence is malformed. */
  with(node: string, sequence: number): VersionVector {
    assertEntry(node, sequence);
    const known = this.#entries.get(node);
    if (known !== undefined && known >= sequence) return this;
    return new VersionVector(new Map(this.#entries).set(node, sequence));
  }

  /** What either knows: the element-wise maximum. */
  merge(other: VersionVector): VersionVector {
    const merged = new Map(this.#entries);
    for (const [node, sequence] of other.#entries) merged.set(node, Math.max(sequence, merged.get(node) ?? 0));
    return new VersionVector(merged);
  }

  /** What both know: the element-wise minimum. */
  min(other: VersionVector): VersionVector {
    const shared = new Map<string, number>();
    for (const [node, sequence] of this.#entries) {
      const lower = Math.min(sequence, other.get(node));
      if (lower > 0) shared.set(node, lower);
    }
    return new VersionVector(shared);
  }

  /** Where this vector stands to the other: `before` means that the other knows all of this and more. */
  compare(other: VersionVector): VectorOrder {
    const behind = !this.covers(other);
    const ahead = !other.covers(this);
    if (behind && ahead) return 'concurrent';
    if (behind) return 'before';
    return ahead ? 'after' : 'equal';
  }

  /** Whether this knows everything the other knows. */
  covers(other: VersionVector): boolean {
    for (const [node, sequence] of other.#entries) if (this.get(node) < sequence) return false;
    return true;
  }

  toString(): string {
    return this.entries()
      .map(([node, sequence]) => `${node}:${sequence}`)
      .join(',');
  }
}

function assertEntry(node: string, sequence: number): void {
  assertNode(node);
  if (!Number.isSafeInteger(sequence) || sequence < 0) throw new CrdtFormatError(`not a sequence: ${sequence}`);
}
