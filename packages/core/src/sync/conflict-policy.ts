import type { Envelope, MeetingAnswer, StateOperation } from '@konferenco/protocol';
import { competingWrites, hadSeen } from './competing-writes.ts';
import type { DocumentKey, DocumentState } from './document.ts';
import { kindOf } from './documents.ts';
import { viewMeeting } from './meeting-document.ts';
import type { OwnWrite } from './own-writes.ts';
import { isLater, type Written } from './stamp.ts';

/** What a person is told when somebody wrote at the same time and theirs stands (rules CF-n in docs/spec/sync.md). */
export type StateConflict =
  | {
      readonly kind: 'overridden';
      readonly document: DocumentKey;
      readonly field: string;
      readonly by: string;
      /** The write that was lost, and the one that stands. */
      readonly mine: Written;
      readonly theirs: Written;
    }
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
  /** What was written here and stored before `theirs`, and stood until it came. */
  readonly stood?: readonly OwnWrite[];
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

/**
 * Of two writes of one field neither of whose writers knew the other's, whose came to be replaced is told, and nobody
 * else: what is not stored before `theirs` its writer cannot have known; what is, they say.
 */
function overridden({ key, theirs, mine, stood = [] }: Encounter): StateConflict[] {
  return competingWrites(theirs).flatMap(([field, stands]): StateConflict[] => {
    const waiting = newest(
      mine.flatMap((own) => competingWrites(own).flatMap(([name, w]) => (name === field ? w : []))),
    );
    const stored = stood.find((own) => own.document === key && own.field === field);
    const lost = newest([waiting, stored].filter((write) => write !== undefined));
    if (!lost || !loses(lost, stands)) return [];
    if (lost === stored && hadSeen(theirs, field, lost)) return [];
    const { value, at, dot } = lost;
    const by = theirs.from.user_id;
    return [{ kind: 'overridden', document: key, field, by, mine: { value, at, dot }, theirs: stands }];
  });
}

/** Somebody's last word on a field: what they said before it they replaced themselves. */
function newest<W extends Written>(writes: readonly W[]): W | undefined {
  return writes.reduce<W | undefined>((last, write) => (last && isLater(last, write) ? last : write), undefined);
}

/** Two who wrote the same are of one mind. */
function loses(mine: Written, stands: Written): boolean {
  return isLater(stands, mine) && JSON.stringify(mine.value) !== JSON.stringify(stands.value);
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
