import { CrdtFormatError, VersionVector } from '@konferenco/crdt';

/** How much is known, as a version vector over the epochs of stores: `epoch:offset` joined by commas. Empty: nothing. */
export type SyncVersion = string;

/** The version of who has a log of the store `epoch` up to `offset`. */
export function versionAt(epoch: string, offset: number): SyncVersion {
  return VersionVector.EMPTY.with(epoch, offset).toString();
}

/** How far a version reaches into the store `epoch`; `null` when it knows nothing of it or is no version. */
export function offsetIn(version: SyncVersion, epoch: string): number | null {
  const entry = parse(version)
    .entries()
    .find(([node]) => node === epoch);
  return entry ? entry[1] : null;
}

/** The element-wise maximum; what is no version counts as knowing nothing. */
export function mergeVersions(a: SyncVersion, b: SyncVersion): SyncVersion {
  return parse(a).merge(parse(b)).toString();
}

/**
 * Whether who is at `version` knows everything that `other` says. What is no version says nothing. Offset 0 of a store is
 * more than nothing of it: what was there before its first operation came with a snapshot.
 */
export function coversVersion(version: SyncVersion, other: SyncVersion): boolean {
  const known = new Map(parse(version).entries());
  return parse(other)
    .entries()
    .every(([epoch, offset]) => (known.get(epoch) ?? -1) >= offset);
}

function parse(version: SyncVersion): VersionVector {
  try {
    return VersionVector.parse(version);
  } catch (error) {
    if (error instanceof CrdtFormatError) return VersionVector.EMPTY;
    throw error;
  }
}
