import { type Dot, type DotParts, dotParts, parseDot } from './dot.ts';
import { CrdtFormatError } from './errors.ts';
import { compareStrings } from './node-table.ts';
import { type ElementRecord, isAliveIn, joinTag, type Removal, type TagRecord } from './or-set-record.ts';
import { decodeORSet, encodeORSet, type ORSetState } from './or-set-state.ts';
import { isTimestamp, type Timestamp, wallOf } from './timestamp.ts';
import { VersionVector } from './version-vector.ts';

export interface ORSetAdd<E extends string = string> {
  readonly op: 'add';
  readonly element: E;
  /** Unique to this add; the dot of the operation. A tag that is no dot is never collected. */
  readonly tag: Dot;
  /** Removals of this element by an admin that whoever adds it knew of. */
  readonly seen?: readonly Dot[];
}

export interface ORSetRemove<E extends string = string> {
  readonly op: 'remove';
  readonly element: E;
  /** The tags that whoever removes it has seen; others stay. */
  readonly tags: readonly Dot[];
  /** Of this operation. Required of an admin's removal; a removal without is never collected. */
  readonly dot?: Dot;
  /** Removes what is added at the same time as well, whichever arrives first. */
  readonly admin?: boolean;
  /** When; a removal without is never collected. */
  readonly at?: Timestamp;
}

export type ORSetOperation<E extends string = string> =
  | ORSetAdd<E>
  | ORSetRemove<E>
  | { readonly op: 'remove'; readonly element: E; readonly tag: Dot };

export interface ORSetCollection {
  /** What every live replica, this one included, has applied: {@link import('./causal-stability.ts').CausalStability}. */
  readonly stable: VersionVector;
  /** Unix ms. */
  readonly now: number;
  readonly min_age_ms?: number;
}

export const MIN_TOMBSTONE_AGE_MS = 24 * 60 * 60 * 1000;

/**
 * A set to which adding wins against removing at the same time, except against a removal by an admin.
 *
 * Every add carries a unique tag; a removal names the tags it has seen. An element is contained while one of its tags is
 * not removed and was added in knowledge of every admin's removal of the element.
 *
 * Shapiro et al. (INRIA RR-7506, 2011), specification 15; what was collected is told from what has not come yet by the
 * highest sequences collected, after Bieniusa et al.: "An optimized conflict-free replicated set" (INRIA RR-8083, 2012).
 * Nodes are trusted to use a dot once and to name their own: whoever accepts operations from others checks the sender.
 */
export class ORSet<E extends string = string> {
  readonly #elements = new Map<E, ElementRecord>();
  /** The highest sequences collected. A tag at or below it that is not here was collected. */
  #collected = VersionVector.EMPTY;

  /** @throws {CrdtFormatError} */
  static from<E extends string = string>(state: unknown): ORSet<E> {
    const set = new ORSet<E>();
    set.merge(state as ORSetState);
    return set;
  }

  /** @returns whether anything changed.
   * @throws {CrdtFormatError} an admin's removal without a dot, or a time that is none. */
  apply(operation: ORSetOperation<E>): boolean {
    if (operation.op === 'add') return this.#applyAdd(operation);
    return this.#applyRemove('tags' in operation ? operation : { ...operation, tags: [operation.tag] });
  }

  contains(element: E): boolean {
    return (this.#elements.get(element)?.alive ?? 0) > 0;
  }

  /** In string order. */
  elements(): E[] {
    const found: E[] = [];
    for (const [element, record] of this.#elements) if (record.alive > 0) found.push(element);
    return found.sort(compareStrings);
  }

  /** Adds here. `dot`: of this operation, never used before. @returns the operation to send. */
  add(element: E, dot: Dot): ORSetAdd<E> {
    const admin = this.#elements.get(element)?.admin;
    const add: ORSetAdd<E> = { op: 'add', element, tag: dot };
    const operation = admin ? { ...add, seen: [...admin.keys()].sort(compareStrings) } : add;
    this.apply(operation);
    return operation;
  }

  /** Removes here what is here. @returns the operation to send; without tags when there was nothing to remove. */
  remove(element: E, { dot, admin, at }: { dot: Dot; admin?: boolean; at: Timestamp }): ORSetRemove<E> {
    const tags: Dot[] = [];
    for (const [tag, record] of this.#elements.get(element)?.tags ?? []) if (!record.removal) tags.push(tag);
    const remove: ORSetRemove<E> = { op: 'remove', element, tags: tags.sort(compareStrings), dot, at };
    const operation = admin ? { ...remove, admin } : remove;
    this.apply(operation);
    return operation;
  }

  /** Equal sets that collected equally have equal states. */
  state(): ORSetState {
    return encodeORSet(this.#elements, this.#collected);
  }

  /** Takes in everything another replica knows. @returns whether anything changed.
   * @throws {CrdtFormatError} and then nothing was changed. */
  merge(state: ORSetState): boolean {
    const other = decodeORSet<E>(state);
    let changed = false;
    for (const [element, theirs] of other.elements) changed = this.#mergeElement(element, theirs) || changed;
    if (other.collected.size > 0) {
      for (const [element, record] of this.#elements) {
        const known = other.elements.get(element)?.tags;
        changed = this.#drop(element, record, (tag) => !known?.has(tag) && covers(other.collected, tag)) > 0 || changed;
      }
      changed = changed || !this.#collected.covers(other.collected);
      this.#collected = this.#collected.merge(other.collected);
    }
    return changed;
  }

  /**
   * Forgets tombstones, and tags that an admin's removal outlived, once they and their removal are at or below `stable`
   * and the removal is `min_age_ms` old. Membership stays as it is, now and after every later operation or state.
   *
   * The dots of admins' removals stay, one for each: nothing less could refuse an add that a device wrote before it
   * heard of the removal and delivers months later.
   *
   * `stable` must not exceed what was applied to this set: a tag at or below it that is not here counts as collected.
   *
   * @returns how many tags were forgotten.
   */
  collect({ stable, now, min_age_ms = MIN_TOMBSTONE_AGE_MS }: ORSetCollection): number {
    const settled = ({ dot, at }: Removal) => at > 0 && wallOf(at) + min_age_ms <= now && covers(stable, dot);
    const collected: DotParts[] = [];
    const noted = (tag: Dot): boolean => collected.push(parseDot(tag)) > 0;
    for (const [element, record] of this.#elements) {
      const over = (tag: Dot, { removal, seen }: TagRecord): boolean => {
        if (!covers(stable, tag)) return false;
        if (removal) return settled(removal);
        for (const [dot, at] of record.admin ?? []) if (!seen.includes(dot) && settled({ dot, at })) return true;
        return false;
      };
      this.#drop(element, record, (tag, found) => over(tag, found) && noted(tag));
    }
    const highest = VersionVector.of(collected.map(({ node, sequence }) => [node, sequence] as const));
    this.#collected = this.#collected.merge(highest);
    return collected.length;
  }

  #applyAdd({ element, tag, seen = NONE }: ORSetAdd<E>): boolean {
    const record = this.#elements.get(element);
    const known = record?.tags.get(tag);
    if (!known && covers(this.#collected, tag)) return false;
    return this.#put(record ?? this.#create(element), { tag, known, found: { seen, removal: null } });
  }

  #applyRemove({ element, tags, dot = '', admin, at = 0 }: ORSetRemove<E>): boolean {
    if (!isTimestamp(at)) throw new CrdtFormatError(`not a timestamp: ${String(at)}`);
    if (admin && dot === '') throw new CrdtFormatError("an admin's removal needs a dot");
    let changed = false;
    for (const tag of tags) {
      const record = this.#elements.get(element);
      const known = record?.tags.get(tag);
      if (!known && covers(this.#collected, tag)) continue;
      const found = { seen: NONE, removal: { dot, at } };
      changed = this.#put(record ?? this.#create(element), { tag, known, found }) || changed;
    }
    if (admin) changed = noteAdmin(this.#elements.get(element) ?? this.#create(element), dot, at) || changed;
    return changed;
  }

  #create(element: E): ElementRecord {
    const record: ElementRecord = { tags: new Map(), admin: null, alive: 0 };
    this.#elements.set(element, record);
    return record;
  }

  /** Joins what is known of a tag with what was found, and keeps the count of living tags. */
  #put(record: ElementRecord, { tag, known, found }: TagChange): boolean {
    const joined = known ? joinTag(known, found) : found;
    if (joined === known) return false;
    if (known && isAliveIn(record, known)) record.alive -= 1;
    if (isAliveIn(record, joined)) record.alive += 1;
    record.tags.set(tag, joined);
    return true;
  }

  #mergeElement(element: E, theirs: ElementRecord): boolean {
    const record = this.#elements.get(element) ?? this.#create(element);
    let changed = false;
    for (const [tag, found] of theirs.tags) {
      const known = record.tags.get(tag);
      if (!known && covers(this.#collected, tag)) continue;
      changed = this.#put(record, { tag, known, found }) || changed;
    }
    for (const [dot, at] of theirs.admin ?? []) changed = noteAdmin(record, dot, at) || changed;
    if (record.tags.size === 0 && !record.admin) this.#elements.delete(element);
    return changed;
  }

  #drop(element: E, record: ElementRecord, over: (tag: Dot, found: TagRecord) => boolean): number {
    let dropped = 0;
    for (const [tag, found] of record.tags) {
      if (!over(tag, found)) continue;
      if (isAliveIn(record, found)) record.alive -= 1;
      record.tags.delete(tag);
      dropped += 1;
    }
    if (record.tags.size === 0 && !record.admin) this.#elements.delete(element);
    return dropped;
  }
}

interface TagChange {
  readonly tag: Dot;
  readonly known: TagRecord | undefined;
  readonly found: TagRecord;
}

const NONE: readonly Dot[] = [];

function noteAdmin(record: ElementRecord, dot: Dot, at: Timestamp): boolean {
  record.admin ??= new Map();
  const known = record.admin.get(dot);
  if (known !== undefined && known >= at) return false;
  record.admin.set(dot, at);
  if (known !== undefined) return true;
  record.alive = 0;
  for (const found of record.tags.values()) if (isAliveIn(record, found)) record.alive += 1;
  return true;
}

/** Whether `dot` is one, and at or below the vector. */
function covers(vector: VersionVector, dot: Dot): boolean {
  if (vector.size === 0) return false;
  const parts = dotParts(dot);
  return parts !== null && vector.get(parts.node) >= parts.sequence;
}
