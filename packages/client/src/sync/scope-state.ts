import type { DocumentKey, DocumentState } from '@konferenco/core';
import { mergeVersions, offsetIn, type SyncVersion, versionAt } from '@konferenco/core/sync/sync-version';
import type { Envelope } from '@konferenco/protocol';

/** An entry of the log that feeds a scope. Without envelope: it is gone, or it concerns no document. */
export interface ScopeEntry {
  readonly offset: number;
  readonly envelope?: Envelope | undefined;
}

/** Documents are never changed in place. */
export type Documents = ReadonlyMap<DocumentKey, DocumentState>;

/** The documents after these operations. Those that concern no document here, or were applied before, change nothing. */
export type Reduce = (documents: Documents, envelopes: readonly Envelope[]) => Documents;

/** Entries held at most while a stretch before them is missing; beyond that the newest are let go, for a sync has them. */
export const HELD_MAX = 1_000;

/** A snapshot whose pages are coming in. */
interface Snapshot {
  readonly documents: Documents;
  /** Version of its first page: what came after it is applied again. */
  readonly version: SyncVersion;
  readonly cursor: string;
  /** Entries applied since its first page, which its pages may not have. */
  readonly meanwhile: readonly ScopeEntry[];
}

/** What the server's log says of a scope, as far as this device knows. */
export interface ScopeState {
  readonly documents: Documents;
  /** Empty before the first sync. */
  readonly version: SyncVersion;
  /** Epoch of the store that the live entries come from; `null` before the first connection. */
  readonly epoch: string | null;
  /** Live entries that wait for what is between them and the version. */
  readonly held: ReadonlyMap<number, ScopeEntry>;
  readonly snapshot: Snapshot | null;
}

export interface ScopeStep {
  readonly state: ScopeState;
  /** Documents that are another than before, or gone. */
  readonly changed: ReadonlySet<DocumentKey>;
  /** Entries that took effect, in order. After a snapshot its own are not among them. */
  readonly applied: readonly Envelope[];
}

export const EMPTY_SCOPE: ScopeState = {
  documents: new Map(),
  version: '',
  epoch: null,
  held: new Map(),
  snapshot: null,
};

/** Position reached in the present store's log; `null`: that store never fed this scope. */
export function positionOf({ version, epoch }: ScopeState): number | null {
  return epoch === null ? null : offsetIn(version, epoch);
}

/** Live entries came that cannot be applied before a sync has brought what is between. */
export function isBehind(state: ScopeState): boolean {
  return state.held.size > 0;
}

/** A connection stands. Another epoch means another log: positions of the old one say nothing of it. */
export function connectedTo(state: ScopeState, epoch: string): ScopeState {
  return state.epoch === epoch ? state : { ...state, epoch, held: new Map(), snapshot: null };
}

/** Live entries, in any order, possibly repeated. Each takes effect once, after all before it. */
export function takeLive(state: ScopeState, entries: readonly ScopeEntry[], reduce: Reduce): ScopeStep {
  const position = positionOf(state) ?? -1;
  const held = new Map(state.held);
  for (const entry of entries) if (entry.offset > position) held.set(entry.offset, entry);
  return drained({ ...state, held }, state, reduce);
}

/** Operations that the server says are all that happened between this scope's version and `version`. */
export function takeOperations(
  state: ScopeState,
  reply: { readonly operations: readonly ScopeEntry[]; readonly version: SyncVersion },
  reduce: Reduce,
): ScopeStep {
  const position = positionOf(state) ?? -1;
  const due = reply.operations.filter(({ offset }) => offset > position);
  const version = mergeVersions(state.version, reply.version);
  const taken = withEntries({ ...state, version }, due, reduce);
  const rest = drained(taken.state, state, reduce);
  return { ...rest, applied: [...taken.applied, ...rest.applied] };
}

/**
 * A page of a snapshot. The last one, which has no cursor, puts the snapshot in the place of all documents here: one
 * that it does not have is gone. What was applied since its first page is applied to it too.
 */
export function takePage(
  state: ScopeState,
  page: {
    readonly documents: readonly { readonly key: DocumentKey; readonly state: DocumentState }[];
    readonly version: SyncVersion;
    readonly cursor?: string | undefined;
  },
  reduce: Reduce,
): ScopeStep {
  const { version = page.version, meanwhile = [], documents: earlier = [] } = state.snapshot ?? {};
  const documents = new Map([...earlier, ...page.documents.map((document) => [document.key, document.state] as const)]);
  if (page.cursor !== undefined) {
    const snapshot: Snapshot = { documents, version, cursor: page.cursor, meanwhile };
    return { state: { ...state, snapshot }, changed: new Set(), applied: [] };
  }
  const held = new Map([...meanwhile.map((entry) => [entry.offset, entry] as const), ...state.held]);
  return drained({ ...state, documents, version, held, snapshot: null }, state, reduce);
}

/** Gives a snapshot up that cannot be continued. */
export function withoutSnapshot(state: ScopeState): ScopeState {
  return { ...state, snapshot: null };
}

/** Applies what is held as far as it follows the version without a hole. */
function drained(state: ScopeState, before: ScopeState, reduce: Reduce): ScopeStep {
  const { epoch } = state;
  let position = positionOf(state);
  const held = new Map(state.held);
  const due: ScopeEntry[] = [];
  if (epoch !== null && position !== null) {
    for (const offset of held.keys()) if (offset <= position) held.delete(offset);
    for (let next = held.get(position + 1); next; next = held.get(position + 1)) {
      held.delete(++position);
      due.push(next);
    }
  }
  const version =
    epoch === null || position === null ? state.version : mergeVersions(state.version, versionAt(epoch, position));
  const { state: after, applied } = withEntries({ ...state, version, held: bounded(held) }, due, reduce);
  return { state: after, changed: differences(before.documents, after.documents), applied };
}

function withEntries(
  state: ScopeState,
  entries: readonly ScopeEntry[],
  reduce: Reduce,
): { readonly state: ScopeState; readonly applied: readonly Envelope[] } {
  const applied = entries.flatMap(({ envelope }) => envelope ?? []);
  const documents = reduce(state.documents, applied);
  const { snapshot } = state;
  // What does not fit is fetched by the sync that follows every snapshot.
  const meanwhile = [...(snapshot?.meanwhile ?? []), ...entries].slice(0, HELD_MAX);
  return { state: { ...state, documents, snapshot: snapshot && { ...snapshot, meanwhile } }, applied };
}

function bounded(held: ReadonlyMap<number, ScopeEntry>): ReadonlyMap<number, ScopeEntry> {
  if (held.size <= HELD_MAX) return held;
  return new Map([...held].sort(([a], [b]) => a - b).slice(0, HELD_MAX));
}

function differences(before: Documents, after: Documents): ReadonlySet<DocumentKey> {
  const changed = new Set<DocumentKey>();
  if (before === after) return changed;
  for (const [key, state] of after) if (before.get(key) !== state) changed.add(key);
  for (const key of before.keys()) if (!after.has(key)) changed.add(key);
  return changed;
}
