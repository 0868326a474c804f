import type { Dot } from './dot.ts';
import { compareStrings } from './node-table.ts';
import type { Timestamp } from './timestamp.ts';

/** `dot` is empty and `at` 0 when the removal did not say. */
export interface Removal {
  readonly dot: Dot;
  readonly at: Timestamp;
}

/** What is known of one tag. A tombstone is a record with a removal; it may come before the add. */
export interface TagRecord {
  /** Admins' removals that the add knew of. */
  readonly seen: readonly Dot[];
  readonly removal: Removal | null;
}

/** What is known of one element. */
export interface ElementRecord {
  readonly tags: Map<Dot, TagRecord>;
  /** Removals by admins: their dots and times. */
  admin: Map<Dot, Timestamp> | null;
  /** How many tags make it contained. */
  alive: number;
}

export function isAliveIn({ admin }: ElementRecord, { seen, removal }: TagRecord): boolean {
  if (removal) return false;
  if (!admin) return true;
  for (const dot of admin.keys()) if (!seen.includes(dot)) return false;
  return true;
}

/**
 * The join of two records of one tag, the same object when `b` adds nothing. Two adds of one tag, which only a faulty
 * node sends, count as having seen what both have.
 */
export function joinTag(a: TagRecord, b: TagRecord): TagRecord {
  if (b.removal) {
    const removal = a.removal ? joinRemoval(a.removal, b.removal) : b.removal;
    return removal === a.removal ? a : { seen: [], removal };
  }
  if (a.removal || a.seen.every((dot) => b.seen.includes(dot))) return a;
  return { seen: a.seen.filter((dot) => b.seen.includes(dot)), removal: null };
}

/** The later of two removals. */
export function joinRemoval(a: Removal, b: Removal): Removal {
  const order = a.at - b.at || compareStrings(a.dot, b.dot);
  return order >= 0 ? a : b;
}
