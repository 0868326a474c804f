/** A version vector as text: `epoch:offset` joined by commas, sorted. Empty: nothing is known. */
export type SyncVersion = string;

/** The version of who has a log of the store `epoch` up to `offset`. */
export function versionAt(epoch: string, offset: number): SyncVersion {
  return `${epoch}:${offset}`;
}

/** How far a version reaches into the store `epoch`; `null` when it knows nothing of it or is no version. */
export function offsetIn(version: SyncVersion, epoch: string): number | null {
  return entriesOf(version).get(epoch) ?? null;
}

/** The element-wise maximum. */
export function mergeVersions(a: SyncVersion, b: SyncVersion): SyncVersion {
  const merged = new Map(entriesOf(a));
  for (const [epoch, offset] of entriesOf(b)) merged.set(epoch, Math.max(offset, merged.get(epoch) ?? 0));
  return [...merged]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([epoch, offset]) => versionAt(epoch, offset))
    .join(',');
}

function entriesOf(version: SyncVersion): ReadonlyMap<string, number> {
  const entries = new Map<string, number>();
  for (const part of version.split(',')) {
    const colon = part.lastIndexOf(':');
    const digits = part.slice(colon + 1);
    if (colon <= 0 || !/^\d{1,16}$/.test(digits)) continue;
    const epoch = part.slice(0, colon);
    entries.set(epoch, Math.max(Number(digits), entries.get(epoch) ?? 0));
  }
  return entries;
}
