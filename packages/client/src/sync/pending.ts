import type { Envelope } from '@konferenco/protocol';
import type { Documents, Reduce } from './scope-state.ts';

/** An operation of one's own that the server's log has not brought back yet. */
export interface Pending {
  readonly envelope: Envelope;
  /** It was written to a connection, or may have been by an earlier run: the server may have it. */
  readonly offered: boolean;
  /** The server stored it; its entry is still to come. */
  readonly stored: boolean;
}

/** Own operations in the order in which they were made. */
export type PendingList = readonly Pending[];

export function withPending(list: PendingList, pending: Pending): PendingList {
  return list.some(({ envelope }) => envelope.id === pending.envelope.id) ? list : [...list, pending];
}

export function changedPending(list: PendingList, id: string, change: (one: Pending) => Pending): PendingList {
  return list.map((one) => (one.envelope.id === id ? change(one) : one));
}

export function withoutPending(list: PendingList, ids: ReadonlySet<string>): PendingList {
  const rest = list.filter(({ envelope }) => !ids.has(envelope.id));
  return rest.length === list.length ? list : rest;
}

/** What a person sees: the documents as the server's log says, with what waits here applied to them. */
export function viewOf(documents: Documents, pending: PendingList, reduce: Reduce): Documents {
  return reduce(
    documents,
    pending.map(({ envelope }) => envelope),
  );
}
