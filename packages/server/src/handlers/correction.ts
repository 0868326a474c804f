import type { Command, Refusal } from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';
import type { Services } from './services.ts';

/** What a correction needs and changes beside its own entry. */
export type Correction = ({ readonly kind: 'correction' } & Required<Pick<Command, 'requires' | 'changes' | 'erases'>>) | Refusal;

/** A message's edits, newest last, as kept in the record collection `edit` under `log/target`. */
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
 * A deletion erases the message and every edit of it, so that nothing of its text stays. The record of a message's edits
 * is required at the version read, so that an edit and a deletion at the same time cannot miss each other.
 */
export async function resolveTarget(services: Services, { user, log, target, id, subtype }: CorrectionRequest): Promise<Correction> {
  const found = await services.store.locate(log, target);
  if (!found) return { kind: 'refused', error: 'not_found', detail: 'target' };
  const own = found.sender === user;
  const key = `${log}/${target}`;
  const record = await services.store.get('edit', key);
  const edits = (record?.value ?? { ids: [], deleted: false }) as Edits;
  if (edits.deleted || found.gone) return { kind: 'refused', error: 'conflict', detail: 'the message is gone' };
  const requires = [{ collection: 'edit', key, version: record?.version ?? 0 }];
  if (subtype === 'edit') {
    if (!own) return { kind: 'refused', error: 'forbidden', detail: 'only its author edits a message' };
    if (edits.ids.length >= MOST_EDITS) return { kind: 'refused', error: 'forbidden', detail: 'edited too often' };
    return { kind: 'correction', requires, changes: [{ collection: 'edit', key, value: { ids: [...edits.ids, id], deleted: false } }], erases: [] };
  }
  if (!own && !(await services.access.mayModerate(user, log))) return { kind: 'refused', error: 'forbidden', detail: 'not your message' };
  const entries = await Promise.all(edits.ids.map((edit) => services.store.locate(log, edit)));
  const offsets = [found, ...entries].flatMap((entry) => (entry ? [entry.offset] : []));
  return {
    kind: 'correction',
    requires,
    changes: [{ collection: 'edit', key, value: { ids: [], deleted: true } }],
    erases: offsets.map((offset) => ({ log, offset })),
  };
}
