import type { Access, Command, Refusal, Store, StoredEntry } from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';
import { planRelease } from '../attachments/binding.ts';

/** What a correction needs and changes beside its own entry. */
export interface Correction extends Required<Pick<Command, 'requires' | 'changes' | 'erases'>> {
  readonly kind: 'correction';
}

/** A message's edits, oldest first, as kept in the record collection `edit` under `log/target`. */
interface Edits {
  readonly ids: readonly string[];
  readonly deleted: boolean;
}

/** Most edits of one message. */
const MOST_EDITS = 100;

export interface CorrectionRequest {
  readonly user: string;
  readonly log: LogName;
  /** Id of the message, and of the edit or deletion itself. */
  readonly target: string;
  readonly id: string;
  readonly subtype: string;
}

/**
 * Checks an edit or deletion against its target: one edits one's own messages; one deletes one's own, moderators all.
 *
 * The record of a message's edits is required at the version read, so that an edit and a deletion at the same time cannot
 * miss each other.
 */
export async function planCorrection(
  store: Store,
  access: Access,
  request: CorrectionRequest,
): Promise<Correction | Refusal> {
  const { user, log, target, id, subtype } = request;
  const [found, sentBefore] = await Promise.all([store.locate(log, target), store.locate(log, id)]);
  // Its answer was lost: nothing is to be decided again, and the store answers with the first position.
  if (sentBefore?.sender === user) return { kind: 'correction', requires: [], changes: [], erases: [] };
  if (!found) return refused('not_found', 'target');
  const own = found.sender === user;
  if (subtype === 'edit')
    return own ? planEdit(store, { log, found, id }) : refused('forbidden', 'only its author edits a message');
  if (!own && !(await access.mayModerate(user, log))) return refused('forbidden', 'not your message');
  return planDeletion(store, log, found);
}

/** Erases a message and every edit of it, so that nothing of its text stays, and releases its attachments. The caller has checked that it may. */
export async function planDeletion(store: Store, log: LogName, found: StoredEntry): Promise<Correction | Refusal> {
  const { edits, requires, write } = await editsOf(store, log, found.id);
  if (edits.deleted || found.gone) return refused('conflict', 'the message is gone');
  const entries = await Promise.all(edits.ids.map((edit) => store.locate(log, edit)));
  const offsets = [found, ...entries].flatMap((entry) => (entry ? [entry.offset] : []));
  return {
    kind: 'correction',
    requires,
    changes: [write({ ids: [], deleted: true }), ...planRelease(log, found)],
    erases: offsets.map((offset) => ({ log, offset })),
  };
}

async function planEdit(
  store: Store,
  { log, found, id }: { readonly log: LogName; readonly found: StoredEntry; readonly id: string },
): Promise<Correction | Refusal> {
  const { edits, requires, write } = await editsOf(store, log, found.id);
  if (edits.deleted || found.gone) return refused('conflict', 'the message is gone');
  if (edits.ids.length >= MOST_EDITS) return refused('forbidden', 'edited too often');
  return { kind: 'correction', requires, changes: [write({ ids: [...edits.ids, id], deleted: false })], erases: [] };
}

async function editsOf(store: Store, log: LogName, target: string) {
  const row = { collection: 'edit', key: `${log}/${target}` };
  const record = await store.get(row.collection, row.key);
  return {
    edits: (record?.value ?? { ids: [], deleted: false }) as Edits,
    requires: [{ ...row, version: record?.version ?? 0 }],
    write: (value: Edits) => ({ ...row, value }),
  };
}

function refused(error: Refusal['error'], detail: string): Refusal {
  return { kind: 'refused', error, detail };
}
