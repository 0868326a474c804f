import { createHmac, timingSafeEqual } from 'node:crypto';
import { UPLINK_VERSION } from './frames.ts';

/** Proves knowledge of the secret to whoever sent `theirs`, without showing it. `own` keeps a proof from being asked for in advance. */
export function proofOf(
  secret: string,
  { role, theirs, own }: { readonly role: 'home' | 'mirror'; readonly theirs: string; readonly own: string },
): string {
  return createHmac('sha256', secret)
    .update(JSON.stringify(['konferenco uplink', UPLINK_VERSION, role, theirs, own]))
    .digest('base64url');
}

export function isProof(proof: unknown, expected: string): boolean {
  if (typeof proof !== 'string') return false;
  const [a, b] = [Buffer.from(proof), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** What the home's journal can bring a mirror to. */
export interface JournalSpan {
  /** Of the home's store. */
  readonly epoch: string;
  /** Where the journal began, for the last time; commands before it are in none. */
  readonly from: number;
  /** Whether the store was empty when the journal began. */
  readonly isWhole: boolean;
  /** Oldest entry that is left. */
  readonly first: number;
  readonly head: number;
}

/** How far a mirror is. */
export interface MirrorPosition {
  readonly position: number;
  readonly epoch: string | null;
}

const SEED =
  'Stop the mirror, empty its data folder, put a copy of the venue’s data folder there (docs/guides/run-a-venue-edge.md), and start it again.';

/** Why this journal cannot bring that mirror up to date; `null`: it can. */
export function obstacleTo({ position, epoch }: MirrorPosition, journal: JournalSpan): string | null {
  if (epoch !== null && epoch !== journal.epoch)
    return `The mirror follows another store than this venue’s: one of them was restored or replaced. ${SEED}`;
  if (position > journal.head)
    return `The mirror is at ${position}, this venue at ${journal.head}: the venue lost what it had. ${SEED}`;
  const isFresh = position === 0 && journal.isWhole && journal.from === 1;
  if (!isFresh && position < journal.from)
    return `This venue began to keep a journal after the mirror was made, or after a start without an uplink. ${SEED}`;
  if (position + 1 < journal.first) return `The mirror was away for longer than the journal is kept (8 days). ${SEED}`;
  return null;
}
