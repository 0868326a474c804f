import type { StateConflict } from '@konferenco/core/sync/conflict-policy';
import { viewMeeting } from '@konferenco/core/sync/meeting-document';
import { type FoundStateConflict, meetArrivals, type OwnWrite } from '@konferenco/core/sync/own-writes';
import type { Said } from '@konferenco/core/sync/stamp';
import type { Envelope, MeetingAnswer, StateOperation } from '@konferenco/protocol';
import { toldLosses } from './overridden.ts';
import type { PendingList } from './pending.ts';
import type { Documents } from './scope-state.ts';
import type { Conflict } from './types.ts';

/** A conflict and what it is known by: found again, it is the same. */
export interface FoundConflict {
  /** One for each field it is about; the first is its name. */
  readonly keys: readonly string[];
  readonly conflict: Conflict;
  /** With `overridden`: the stamp of what stands. */
  readonly stands?: Said;
}

/** Operations of the server's log that came, and what was here. */
export interface Encountered {
  readonly me: string;
  /** Of a programme. */
  readonly event: string | undefined;
  readonly applied: readonly Envelope[];
  /** What waited before they came. */
  readonly pending: PendingList;
  /** Own writes that stood before they came. */
  readonly stood: readonly OwnWrite[];
  /** Documents with everything applied, what waits included. */
  readonly view: Documents;
}

/** What the person is told after these operations met what was written here, and which of their own writes stand. */
export function conflictsOf(encountered: Encountered): {
  readonly found: readonly FoundConflict[];
  readonly stood: readonly OwnWrite[];
} {
  const { me, event, applied, pending, view } = encountered;
  const { found, stood } = meetArrivals({
    ...{ me, applied, stood: encountered.stood },
    pending: pending.map(({ envelope }) => envelope),
    view: (key) => view.get(key),
  });
  return { found: [...toldOf(found, event), ...acceptedInVain(encountered)], stood };
}

/** What one operation did to several fields of a document is told together where people see one thing. */
function toldOf(found: readonly FoundStateConflict[], event: string | undefined): readonly FoundConflict[] {
  const byOperation = new Map<string, FoundStateConflict[]>();
  for (const one of found) {
    const name = one.conflict.kind === 'overridden' ? one.conflict.theirs.dot : one.key;
    byOperation.set(name, [...(byOperation.get(name) ?? []), one]);
  }
  return [...byOperation.values()].flatMap((together) => toldTogether(together, event));
}

function toldTogether(found: readonly FoundStateConflict[], event: string | undefined): readonly FoundConflict[] {
  const rest = found.flatMap(({ key, conflict }) =>
    conflict.kind === 'overridden' ? [] : [{ keys: [key], conflict } satisfies FoundConflict],
  );
  const losses = found.flatMap(({ key, conflict }) =>
    conflict.kind === 'overridden' ? [{ key, lost: conflict }] : [],
  );
  const told = toldLosses(
    losses.map(({ lost }) => lost),
    event,
  );
  return [
    ...told.map(({ conflict, about }): FoundConflict => {
      const of = losses.filter(({ lost }) => about.includes(lost));
      return { keys: of.map(({ key }) => key), conflict, ...standsOf(about) };
    }),
    ...rest,
  ];
}

function standsOf([lost]: readonly Extract<StateConflict, { kind: 'overridden' }>[]): Pick<FoundConflict, 'stands'> {
  return lost ? { stands: { at: lost.theirs.at, dot: lost.theirs.dot } } : {};
}

/** Acceptances that wait here for a time that is not proposed any more: a snapshot brings no operations to compare with. */
function acceptedInVain({ me, pending, view }: Encountered): readonly FoundConflict[] {
  return pending.flatMap(({ envelope }): FoundConflict[] => {
    if (envelope.type !== 'meeting' || envelope.subtype !== 'accept') return [];
    const { meeting, proposal, dot } = envelope.payload as MeetingAnswer;
    const state = view.get(`meeting/${meeting}`);
    const stands = state ? viewMeeting(state, me) : null;
    if (stands?.standing !== 'waiting_for_me' || stands.proposal === proposal) return [];
    return [{ keys: [`accept_again/${dot}`], conflict: { kind: 'accept_again', meeting } }];
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
    return { keys: [`removed/${id}`], conflict: { kind: 'removed', channel: operation.element } };
  return { keys: [`refused/${id}`], conflict: { kind: 'refused', document, error } };
}
