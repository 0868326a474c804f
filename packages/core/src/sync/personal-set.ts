import { ORSet, type ORSetState, VersionVector } from '@konferenco/crdt';
import { LIMITS, type StateOperation } from '@konferenco/protocol';
import type { DocumentState } from './document.ts';
import { FORM, formOf } from './stamp.ts';

/** One of a person's sets: what was added stays until a removal names that addition, or an organiser's comes. */
interface SetState extends DocumentState {
  readonly v: typeof FORM;
  readonly set: ORSetState;
}

const EMPTY: SetState = { v: FORM, set: new ORSet().state() };

/** Asks a copy of a set what an operation would say; no operation ever bears this dot. */
const PROBE = '~:1';

export type SetOperation = Extract<StateOperation, { element: string }>;

export function applyToSet(state: DocumentState | null, operation: SetOperation): DocumentState {
  const before = formOf(state, EMPTY);
  const set = ORSet.from(before.set);
  const { element, dot, at } = operation;
  const changed =
    operation.op === 'add'
      ? set.apply({ op: 'add', element, tag: dot, ...(operation.seen ? { seen: operation.seen } : {}) })
      : set.apply({ op: 'remove', element, tags: operation.tags, dot, at, admin: operation.admin === true });
  return changed ? { ...before, set: set.state() } : before;
}

/** The set as one that holds `elements` since the operation `dot`: for what was known before there were operations. */
export function setOf(elements: readonly string[], dot: string): DocumentState {
  const set = new ORSet();
  for (const element of elements) set.apply({ op: 'add', element, tag: dot });
  return { v: FORM, set: set.state() };
}

/** Elements, sorted. */
export function viewSet(state: DocumentState | null): string[] {
  return setIn(state).elements();
}

export function setHas(state: DocumentState | null, element: string): boolean {
  return setIn(state).contains(element);
}

/** The additions that a removal of `element` written now has to name. */
export function removalTags(state: DocumentState | null, element: string): string[] {
  return [...setIn(state).remove(element, { dot: PROBE, at: 0 }).tags];
}

/** The organisers' removals that an addition of `element` written now has seen. */
export function adminRemovalsSeen(state: DocumentState | null, element: string): string[] {
  return [...(setIn(state).add(element, PROBE).seen ?? [])];
}

/**
 * Forgets removals older than the horizon. Operations older than that are refused, and a replica that has not heard of
 * them starts from a snapshot, so they are stable.
 *
 * @param now Unix ms.
 */
export function collectSet(state: DocumentState, now: number): DocumentState {
  const before = formOf(state, EMPTY);
  const set = ORSet.from(before.set);
  const known = before.set.n.map((node) => [node, Number.MAX_SAFE_INTEGER] as const);
  const stable = VersionVector.of(known);
  const forgotten = set.collect({ stable, now, min_age_ms: LIMITS.sync_horizon_ms });
  return forgotten === 0 ? before : { ...before, set: set.state() };
}

function setIn(state: DocumentState | null): ORSet {
  return ORSet.from(formOf(state, EMPTY).set);
}
