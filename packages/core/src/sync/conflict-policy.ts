import { compareStamps } from '@konferenco/crdt';
import type { Envelope, MeetingAnswer, StateOperation } from '@konferenco/protocol';
import type { DocumentKey, DocumentState } from './document.ts';
import { kindOf } from './documents.ts';
import { meetingWrites, viewMeeting } from './meeting-document.ts';
import { sessionWrites } from './session-document.ts';
import { stampOf, type Written } from './stamp.ts';

/** What a person is told when somebody wrote at the same time and theirs stands (rules CF-n in docs/spec/sync.md). */
export type StateConflict =
  | { readonly kind: 'overridden'; readonly document: DocumentKey; readonly field: string; readonly by: string }
  | { readonly kind: 'accept_again'; readonly meeting: string }
  | { readonly kind: 'removed'; readonly channel: string };

export interface Encounter {
  readonly me: string;
  readonly key: DocumentKey;
  /** The document with everything applied. */
  readonly state: DocumentState;
  /** An operation that has come. */
  readonly theirs: Envelope;
  /**
   * Operations written here on the same document before `theirs` was seen here, that were not stored before it: those
   * unsent, unacknowledged, or acknowledged at a later position.
   */
  readonly mine: readonly Envelope[];
}

/** What the person is told after `theirs` met `mine`. What one did oneself on another device is no conflict. */
export function conflictsAfter(encounter: Encounter): StateConflict[] {
  const { theirs, me } = encounter;
  switch (theirs.type) {
    case 'schedule':
      return theirs.from.user_id === me ? [] : overridden(encounter);
    case 'meeting':
      return theirs.from.user_id === me ? [] : [...overridden(encounter), ...acceptAgain(encounter)];
    case 'state':
      return removed(encounter);
    default:
      return [];
  }
}

function overridden({ key, theirs, mine }: Encounter): StateConflict[] {
  const lost = writesOf(theirs)
    .filter(([field, stands]) => mine.some((own) => writesOf(own).some((write) => loses(write, field, stands))))
    .map(([field]) => field);
  const by = theirs.from.user_id;
  return [...new Set(lost)].map((field): StateConflict => ({ kind: 'overridden', document: key, field, by }));
}

function writesOf(envelope: Envelope): readonly (readonly [string, Written])[] {
  return envelope.type === 'schedule' ? sessionWrites(envelope) : meetingWrites(envelope);
}

/** Two who wrote the same are of one mind. */
function loses([field, mine]: readonly [string, Written], about: string, stands: Written): boolean {
  return (
    field === about &&
    compareStamps(stampOf(mine), stampOf(stands)) < 0 &&
    JSON.stringify(mine.value) !== JSON.stringify(stands.value)
  );
}

function acceptAgain({ me, key, state, theirs, mine }: Encounter): StateConflict[] {
  // Operations of meetings are about their minutes too, which are another kind of document.
  const view = kindOf(key) === 'meeting' ? viewMeeting(state, me) : null;
  if (theirs.subtype !== 'propose_time' || view?.standing !== 'waiting_for_me') return [];
  const accepted = mine.some(
    ({ subtype, payload }) => subtype === 'accept' && (payload as MeetingAnswer).proposal !== view.proposal,
  );
  return accepted ? [{ kind: 'accept_again', meeting: view.id }] : [];
}

function removed({ key, theirs, mine }: Encounter): StateConflict[] {
  const removal = theirs.payload as StateOperation;
  if (key !== 'channels' || removal.op !== 'remove' || !removal.admin) return [];
  const joined = mine.some(({ payload }) => {
    const own = payload as StateOperation;
    return own.op === 'add' && own.element === removal.element && !own.seen?.includes(removal.dot);
  });
  return joined ? [{ kind: 'removed', channel: removal.element }] : [];
}
