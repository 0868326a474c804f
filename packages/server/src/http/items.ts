import type { StoredEntry, StoredPointer } from '@konferenco/core';
import type { Envelope, InboxItem, Item } from '@konferenco/protocol';

/** A stored entry in the form in which the socket delivers it too. */
export function itemOf({ offset, at, envelope, gone, id, thread }: StoredEntry): Item {
  if (envelope === null) return { offset, at, gone: gone ?? 'erased', id, ...(thread === undefined ? {} : { thread }) };
  // Stored verbatim from an envelope that was validated.
  return { offset, at, envelope: JSON.parse(envelope) as Envelope };
}

/** A stored inbox pointer with the entry it leads to. */
export function inboxItemOf(pointer: StoredPointer): InboxItem {
  return { inbox: pointer.inbox, reason: pointer.reason, log: pointer.log, ...itemOf(pointer) };
}
