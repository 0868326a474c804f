import { compareStamps } from '@konferenco/crdt';
import { type Envelope, LIMITS, type StateOperation } from '@konferenco/protocol';
import { competingWrites, standing } from './competing-writes.ts';
import { conflictsAfter, type StateConflict } from './conflict-policy.ts';
import type { DocumentKey, DocumentState } from './document.ts';
import { documentsOf } from './documents.ts';
import { isLater, msOf, stampOf, type Written } from './stamp.ts';

/** Own writes remembered for one scope at the most; of more the oldest go. */
export const OWN_WRITES_MAX = 200;
/** For so long: as long as a device may be away without having to begin anew from a snapshot. */
export const OWN_WRITES_MS = LIMITS.sync_horizon_ms;

/** A write of one's own that was stored and that nothing has replaced since. */
export interface OwnWrite extends Written {
  readonly document: DocumentKey;
  readonly field: string;
}

/** A conflict, and what it is known by: found again, it is the same. */
export interface FoundStateConflict {
  readonly key: string;
  readonly conflict: StateConflict;
}

/** Operations of the stored log as they came to one device. */
export interface Arrivals {
  readonly me: string;
  /** In the order of the log. */
  readonly applied: readonly Envelope[];
  /** Own operations of this device that waited before they came; some may be among them. */
  readonly pending: readonly Envelope[];
  /** Own writes that stood before they came. */
  readonly stood: readonly OwnWrite[];
  /** A document with everything applied, what waits included. */
  readonly view: (key: DocumentKey) => DocumentState | undefined;
}

/** What the person is told after operations of the log met what they wrote here, and what of it was not replaced. */
export function meetArrivals(arrivals: Arrivals): {
  readonly found: readonly FoundStateConflict[];
  readonly stood: readonly OwnWrite[];
} {
  const { me, applied } = arrivals;
  const found: FoundStateConflict[] = [];
  let { stood, pending } = arrivals;
  for (const theirs of applied) {
    const isFromHere = pending.some(({ id }) => id === theirs.id);
    pending = pending.filter(({ id }) => id !== theirs.id);
    for (const { key } of documentsOf(theirs, me)) {
      const mine = pending.filter((own) => documentsOf(own, me).some((document) => document.key === key));
      const state = arrivals.view(key);
      if (state)
        for (const conflict of conflictsAfter({ me, key, state, theirs, mine, stood }))
          found.push({ key: keyOf(conflict, mine), conflict });
      stood = afterWrite(stood, key, { envelope: theirs, isFromHere });
    }
  }
  return { found, stood };
}

/** Own writes that stand after an operation: those it replaces do not; its own do, when it was written here. */
function afterWrite(
  stood: readonly OwnWrite[],
  document: DocumentKey,
  { envelope, isFromHere }: { readonly envelope: Envelope; readonly isFromHere: boolean },
): readonly OwnWrite[] {
  return competingWrites(envelope).reduce((kept, [field, written]) => {
    const known = kept.find((own) => own.document === document && own.field === field);
    if (known && isLater(known, written)) return kept;
    const rest = known ? kept.filter((own) => own !== known) : kept;
    return isFromHere ? [...rest, { document, field, ...written }] : rest;
  }, stood);
}

/** Own writes that were stored unseen, by the sync that brought a snapshot with their effects. */
export function withStored(stood: readonly OwnWrite[], stored: readonly Envelope[], me: string): readonly OwnWrite[] {
  return stored.reduce(
    (known, envelope) =>
      documentsOf(envelope, me).reduce((so, { key }) => afterWrite(so, key, { envelope, isFromHere: true }), known),
    stood,
  );
}

/**
 * The own writes worth remembering: those that stand in the documents of the stored log and are not older than
 * {@link OWN_WRITES_MS}, one a field, {@link OWN_WRITES_MAX} at the most.
 *
 * @param now Unix ms.
 */
export function standingWrites(
  writes: readonly OwnWrite[],
  document: (key: DocumentKey) => DocumentState | undefined,
  now: number,
): readonly OwnWrite[] {
  const byField = new Map<string, OwnWrite>();
  for (const own of writes) {
    const stands = standing(own.document, document(own.document) ?? null, own.field);
    const isStanding = stands !== null && compareStamps(stands, stampOf(own)) === 0;
    if (isStanding && now - msOf(own.at) <= OWN_WRITES_MS) byField.set(`${own.document} ${own.field}`, own);
  }
  return [...byField.values()].sort((a, b) => a.at - b.at).slice(-OWN_WRITES_MAX);
}

function keyOf(conflict: StateConflict, mine: readonly Envelope[]): string {
  switch (conflict.kind) {
    case 'overridden':
      return `overridden/${conflict.document}/${conflict.field}/${conflict.mine.dot}`;
    case 'accept_again':
      return `accept_again/${dotOf(mine.findLast(({ subtype }) => subtype === 'accept'))}`;
    case 'removed':
      return `removed/${dotOf(mine.findLast((own) => isJoinOf(own.payload as StateOperation, conflict.channel)))}`;
  }
}

function isJoinOf(operation: StateOperation, channel: string): boolean {
  return operation.op === 'add' && operation.element === channel;
}

function dotOf(envelope: Envelope | undefined): string {
  return String(envelope?.payload['dot']);
}
