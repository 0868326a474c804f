import type { StateOperation } from '@konferenco/protocol';
import type { DocumentState } from './document.ts';
import { compareTexts, FORM, formOf, msOf, own, without } from './stamp.ts';

type Additions = Readonly<Record<string, { readonly at: number; readonly seen: readonly string[] }>>;
type Times = Readonly<Record<string, number>>;
type ByElement<Value> = Readonly<Record<string, Value>>;

/**
 * An observed-remove set. An addition lives under its dot until a removal names it. A removal by an organiser also
 * ends every addition whose author had not seen it.
 */
interface SetState extends DocumentState {
  readonly v: typeof FORM;
  readonly added: ByElement<Additions>;
  /** Removed additions by dot, with the removal's timestamp: a copy that comes late stays dead. */
  readonly removed: ByElement<Times>;
  /** Removals by organisers by dot, with their timestamp. */
  readonly expelled: ByElement<Times>;
}

const EMPTY: SetState = { v: FORM, added: {}, removed: {}, expelled: {} };

/** Dots one operation can name. */
const MOST_DOTS = 64;

export type SetOperation = Extract<StateOperation, { element: string }>;

export function applyToSet(state: DocumentState | null, operation: SetOperation): DocumentState {
  const set = formOf(state, EMPTY);
  return operation.op === 'add' ? add(set, operation) : remove(set, operation);
}

/** The set as one that holds `elements` since the operation `dot`: for what was known before there were operations. */
export function setOf(elements: readonly string[], dot: string): DocumentState {
  const added = Object.fromEntries(elements.map((element) => [element, { [dot]: { at: 0, seen: [] } }]));
  return { ...EMPTY, added };
}

/** Elements, sorted. */
export function viewSet(state: DocumentState | null): string[] {
  const set = formOf(state, EMPTY);
  return Object.keys(set.added)
    .filter((element) => contains(set, element))
    .sort(compareTexts);
}

export function setHas(state: DocumentState | null, element: string): boolean {
  return contains(formOf(state, EMPTY), element);
}

/** The additions that a removal of `element` written now has to name. */
export function removalTags(state: DocumentState | null, element: string): string[] {
  return Object.keys(own(formOf(state, EMPTY).added, element) ?? {})
    .sort(compareTexts)
    .slice(0, MOST_DOTS);
}

/** The organisers' removals that an addition of `element` written now has seen: the newest that one operation can name. */
export function adminRemovalsSeen(state: DocumentState | null, element: string): string[] {
  return Object.entries(own(formOf(state, EMPTY).expelled, element) ?? {})
    .sort(([dot, at], [otherDot, other]) => other - at || compareTexts(dot, otherDot))
    .slice(0, MOST_DOTS)
    .map(([dot]) => dot);
}

/** Forgets removals older than `before` (Unix ms): by then every replica has them, or starts from a snapshot. */
export function collectSet(state: DocumentState, before: number): DocumentState {
  const set = formOf(state, EMPTY);
  const stays = (at: number) => msOf(at) >= before;
  const outlived = Object.fromEntries(
    Object.entries(set.added).map(([element, additions]) => [
      element,
      Object.fromEntries(
        Object.entries(additions).filter(([, { at, seen }]) => stays(at) || survives(set, element, seen)),
      ),
    ]),
  );
  return {
    ...set,
    added: withoutEmpty(outlived),
    removed: keepTimes(set.removed, stays),
    expelled: keepTimes(set.expelled, stays),
  };
}

function add(set: SetState, { element, dot, at, seen = [] }: Extract<SetOperation, { op: 'add' }>): SetState {
  const additions = own(set.added, element) ?? {};
  if (own(own(set.removed, element) ?? {}, dot) !== undefined) return set;
  const stands = own(additions, dot);
  // One dot names one addition; should two bear it all the same, everybody keeps the same one.
  if (stands && JSON.stringify(stands) >= JSON.stringify({ at, seen })) return set;
  return { ...set, added: { ...set.added, [element]: { ...additions, [dot]: { at, seen } } } };
}

function remove(set: SetState, { element, dot, at, tags, admin }: Extract<SetOperation, { op: 'remove' }>): SetState {
  let additions: Additions = own(set.added, element) ?? {};
  let removed: Times = own(set.removed, element) ?? {};
  for (const tag of tags) {
    additions = without(additions, tag);
    removed = { ...removed, [tag]: Math.max(at, own(removed, tag) ?? 0) };
  }
  let expelled: Times = own(set.expelled, element) ?? {};
  if (admin) expelled = { ...expelled, [dot]: Math.max(at, own(expelled, dot) ?? 0) };
  return {
    ...set,
    added: put(set.added, element, additions),
    removed: put(set.removed, element, removed),
    expelled: put(set.expelled, element, expelled),
  };
}

function contains(set: SetState, element: string): boolean {
  return Object.values(own(set.added, element) ?? {}).some(({ seen }) => survives(set, element, seen));
}

/** Whether an addition whose author had seen these removals by organisers stands. */
function survives(set: SetState, element: string, seen: readonly string[]): boolean {
  return Object.keys(own(set.expelled, element) ?? {}).every((dot) => seen.includes(dot));
}

function put<Value extends object>(all: ByElement<Value>, element: string, value: Value): ByElement<Value> {
  return Object.keys(value).length === 0 ? without(all, element) : { ...all, [element]: value };
}

function keepTimes(all: ByElement<Times>, stays: (at: number) => boolean): ByElement<Times> {
  const kept = Object.entries(all).map(([element, times]): [string, Times] => [
    element,
    Object.fromEntries(Object.entries(times).filter(([, at]) => stays(at))),
  ]);
  return withoutEmpty(Object.fromEntries(kept));
}

function withoutEmpty<Value extends object>(all: ByElement<Value>): ByElement<Value> {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => Object.keys(value).length > 0));
}
