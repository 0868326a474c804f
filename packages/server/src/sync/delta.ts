import { documentsOf, type Store, type StoredEntry, versionAt } from '@konferenco/core';
import { type Envelope, eventLog, inboxLog, LIMITS, type LogName, type SyncNamespace } from '@konferenco/protocol';

/** Whose documents, and which. */
export type Scope =
  | { readonly namespace: 'schedule'; readonly event: string }
  | { readonly namespace: 'personal'; readonly user: string };

/** An operation as a sync answers it: the envelope's JSON is not parsed again. */
export interface DeltaOperation {
  /** In the log of the scope: an event's, or the inbox. */
  readonly offset: number;
  readonly at: number;
  readonly envelope: string;
}

export interface Delta {
  readonly operations: readonly DeltaOperation[];
  readonly new_version: string;
  readonly has_more: boolean;
}

export interface DeltaQuery {
  /** Known already. */
  readonly after: number;
  readonly max_operations: number;
  /** Of all envelopes together; the first comes whatever its size. */
  readonly max_bytes: number;
  /** Unix ms. */
  readonly now: number;
}

/** Entries one request looks through, so that an inbox full of other things costs little at a time. */
const MOST_SCANNED = 1_000;
/** Entries behind which a snapshot is sooner had than what came since. */
const MOST_BEHIND = 5_000;
const READ = { limit: 250, max_bytes: 262_144 };

/** Until when operations of a scope are kept at the least. */
const KEPT_MS: Readonly<Record<SyncNamespace, number>> = { schedule: 7 * 86_400_000, personal: 30 * 86_400_000 };

/** The log that a scope's version counts in. */
export function logOfScope(scope: Scope): LogName {
  return scope.namespace === 'schedule' ? eventLog(scope.event) : inboxLog(scope.user);
}

/** What came after a position; `null` when the log does not have all of it any more, or a snapshot is shorter. */
export async function readDelta(store: Store, scope: Scope, query: DeltaQuery): Promise<Delta | null> {
  const { epoch } = store;
  const [state = { first: 0, head: 0 }] = await store.states([logOfScope(scope)]);
  if (query.after > state.head || state.head - query.after > MOST_BEHIND) return null;
  const found = new Gathering(query);
  let position = query.after;
  for (let scanned = 0; scanned < MOST_SCANNED && position < state.head; ) {
    const { entries, gap } = await readEntries(store, scope, position);
    if (gap) return null;
    for (const entry of entries) {
      if (isLost(scope, entry, query.now)) return null;
      if (!found.take(operationIn(scope, entry))) return { ...found.answer(epoch, position), has_more: true };
      position = entry.position;
    }
    if (entries.length === 0) position = state.head;
    scanned += Math.max(1, entries.length);
  }
  return { ...found.answer(epoch, position), has_more: position < state.head };
}

/** Operations gathered within the bounds of one answer. */
class Gathering {
  readonly #operations: DeltaOperation[] = [];
  readonly #query: DeltaQuery;
  #bytes = 0;

  constructor(query: DeltaQuery) {
    this.#query = query;
  }

  /** @returns false when there is no room left for it. */
  take(operation: DeltaOperation | null): boolean {
    if (!operation) return true;
    const { max_operations, max_bytes } = this.#query;
    const count = this.#operations.length;
    this.#bytes += Buffer.byteLength(operation.envelope);
    if (count >= max_operations || (count > 0 && this.#bytes > max_bytes)) return false;
    this.#operations.push(operation);
    return true;
  }

  answer(epoch: string, position: number): Omit<Delta, 'has_more'> {
    return { operations: this.#operations, new_version: versionAt(epoch, position) };
  }
}

interface ScopeEntry extends StoredEntry {
  readonly position: number;
}

async function readEntries(
  store: Store,
  scope: Scope,
  after: number,
): Promise<{ readonly entries: readonly ScopeEntry[]; readonly gap: boolean }> {
  if (scope.namespace === 'schedule') {
    const page = await store.read(eventLog(scope.event), { after, ...READ });
    return {
      entries: page.entries.map((entry) => ({ ...entry, position: entry.offset })),
      gap: page.gap !== undefined,
    };
  }
  const page = await store.readInbox(scope.user, { after, ...READ });
  return { entries: page.entries.map((entry) => ({ ...entry, position: entry.inbox })), gap: page.gap !== undefined };
}

/** Whether what is gone, or what came before it, may have been an operation that this replica has not seen. */
function isLost({ namespace }: Scope, { at, gone }: ScopeEntry, now: number): boolean {
  if (now - at > LIMITS.sync_horizon_ms) return true;
  return gone === 'damaged' || (gone === 'expired' && now - at >= KEPT_MS[namespace]);
}

function operationIn(scope: Scope, { envelope, at, position }: ScopeEntry): DeltaOperation | null {
  if (envelope === null || !MAY_OPERATE.test(envelope)) return null;
  const me = scope.namespace === 'personal' ? scope.user : undefined;
  const isOne = documentsOf(JSON.parse(envelope) as Envelope, me).some(
    ({ namespace }) => namespace === scope.namespace,
  );
  return isOne ? { offset: position, at, envelope } : null;
}

/** Most entries of an inbox are chat, and need no parsing to be passed over. */
const MAY_OPERATE = /"type":"(?:state|meeting|schedule)"/;
