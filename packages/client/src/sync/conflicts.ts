import { type StateConflict, conflictsAfter } from '@konferenco/core/sync/conflict-policy';
import { documentsOf } from '@konferenco/core/sync/documents';
import { viewMeeting } from '@konferenco/core/sync/meeting-document';
import type { Envelope, MeetingAnswer, StateOperation } from '@konferenco/protocol';
import type { PendingList } from './pending.ts';
import type { Documents } from './scope-state.ts';
import type { Conflict } from './types.ts';

/** A conflict and what it is known by: found again, it is the same. */
export interface FoundConflict {
  readonly key: string;
  readonly conflict: Conflict;
}

/** What the person is told after these operations of the server's log met what waited here. */
export function conflictsOf(arrival: {
  readonly me: string;
  readonly applied: readonly Envelope[];
  /** What waited before they came. */
  readonly pending: PendingList;
  /** Documents with everything applied, what waits included. */
  readonly view: Documents;
}): readonly FoundConflict[] {
  const { me, applied, view } = arrival;
  const found: FoundConflict[] = [];
  for (const [position, theirs] of applied.entries()) {
    const before = new Set(applied.slice(0, position).map(({ id }) => id));
    const waiting = arrival.pending.map(({ envelope }) => envelope).filter(({ id }) => !before.has(id));
    for (const { key } of documentsOf(theirs, me)) {
      const mine = waiting.filter((envelope) => documentsOf(envelope, me).some((document) => document.key === key));
      const state = view.get(key);
      if (mine.length === 0 || !state) continue;
      for (const conflict of conflictsAfter({ me, key, state, theirs, mine }))
        found.push({ key: keyOf(conflict, theirs, mine), conflict });
    }
  }
  return [...found, ...acceptedInVain(arrival)];
}

/** Acceptances that wait here for a time that is not proposed any more: a snapshot brings no operations to compare with. */
function acceptedInVain({
  me,
  pending,
  view,
}: {
  readonly me: string;
  readonly pending: PendingList;
  readonly view: Documents;
}): readonly FoundConflict[] {
  return pending.flatMap(({ envelope }): FoundConflict[] => {
    if (envelope.type !== 'meeting' || envelope.subtype !== 'accept') return [];
    const { meeting, proposal, dot } = envelope.payload as MeetingAnswer;
    const state = view.get(`meeting/${meeting}`);
    const stands = state ? viewMeeting(state, me) : null;
    if (stands?.standing !== 'waiting_for_me' || stands.proposal === proposal) return [];
    return [{ key: `accept_again/${dot}`, conflict: { kind: 'accept_again', meeting } }];
  });
}

/** What the person is told when the server refused an operation. */
export function conflictOfRefusal(
  envelope: Envelope,
  document: string,
  error: { readonly code: number; readonly error: string; readonly message: string },
): FoundConflict {
  const payload = envelope.payload as { readonly dot?: string };
  const id = payload.dot ?? envelope.id;
  const operation = envelope.payload as StateOperation;
  if (error.error === 'removed' && operation.op === 'add' && operation.on === 'channels')
    return { key: `removed/${id}`, conflict: { kind: 'removed', channel: operation.element } };
  return { key: `refused/${id}`, conflict: { kind: 'refused', document, error } };
}

function keyOf(conflict: StateConflict, theirs: Envelope, mine: readonly Envelope[]): string {
  switch (conflict.kind) {
    case 'overridden':
      return `overridden/${conflict.document}/${conflict.field}/${theirs.id}`;
    case 'accept_again':
      return `accept_again/${dotOf(mine.findLast(({ subtype }) => subtype === 'accept'))}`;
    case 'removed':
      return `removed/${dotOf(
        mine.findLast(({ payload }) => payload['op'] === 'add' && payload['element'] === conflict.channel),
      )}`;
  }
}

function dotOf(envelope: Envelope | undefined): string {
  return String(envelope?.payload['dot']);
}
