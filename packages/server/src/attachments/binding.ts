import type { Command, Refusal, StoredEntry } from '@konferenco/core';
import type { Attachment, Envelope, LogName } from '@konferenco/protocol';
import type { Context } from '../accounts/context.ts';
import { at, drop, listPage, put, recordKey } from '../accounts/records.ts';
import { mayReadAttachment, MOST_USES } from './permission.ts';
import { ATTACHMENT_DUE, ATTACHMENT_USES, ATTACHMENTS, type AttachmentRecord, dueKey } from './records.ts';

/** What a message with attachments needs and changes beside its own entry. */
export interface Binding extends Required<Pick<Command, 'requires' | 'changes'>> {
  readonly kind: 'binding';
}

export interface BindingRequest {
  readonly user: string;
  readonly log: LogName;
  readonly envelope: Envelope;
  /** When the message expires, Unix ms. */
  readonly expires_at: number;
}

/** What an envelope says of its attachments: descriptors, or only ids when its payload is sealed. */
type Named = Pick<Attachment, 'id'> & Partial<Attachment>;

export function hasAttachments({ type, payload }: Envelope): boolean {
  return type === 'chat' && Array.isArray(payload['attachments']);
}

/**
 * Checks a message's attachments: each was uploaded by its sender for this conversation, or stands in a message its sender
 * may read, and is described as it is. The command then fails when one of them is deleted in the same moment.
 */
export async function planBinding(context: Context, request: BindingRequest): Promise<Binding | Refusal> {
  const { user, log, envelope, expires_at } = request;
  const requires: Binding['requires'][number][] = [];
  const changes: Binding['changes'][number][] = [];
  for (const named of namedIn(envelope)) {
    const found = await usable(context, { user, log, id: named.id });
    if ('error' in found) return await answerToRepeat(context, request, found);
    if (!isDescribed(named, found.record)) return refused('invalid', 'payload/attachments is not what was uploaded');
    requires.push(at(ATTACHMENTS, named.id, found.version));
    changes.push(
      put(ATTACHMENT_USES, recordKey(named.id, log, envelope.id), { expires_at }),
      put(ATTACHMENT_DUE, dueKey(expires_at, named.id), { why: 'released' }),
    );
    if (!found.record.bound) changes.push(put(ATTACHMENTS, named.id, { ...found.record, bound: true }));
  }
  return { kind: 'binding', requires, changes };
}

/** Rows that go with a message that is erased: its attachments are no longer read by way of it, and soon looked after. */
export function planRelease(log: LogName, { id, envelope }: StoredEntry): Binding['changes'] {
  if (envelope === null) return [];
  // Stored verbatim from an envelope that was validated.
  const message = JSON.parse(envelope) as Envelope;
  if (!hasAttachments(message)) return [];
  return namedIn(message).flatMap((named) => [
    drop(ATTACHMENT_USES, recordKey(named.id, log, id)),
    put(ATTACHMENT_DUE, dueKey(0, named.id), { why: 'released' as const }),
  ]);
}

/** The payload's form was checked against its subtype, sealed or not. */
function namedIn({ payload }: Envelope): readonly Named[] {
  const attachments = payload['attachments'] as readonly (string | Attachment)[];
  return attachments.map((one) => (typeof one === 'string' ? { id: one } : one));
}

type Usable = { readonly record: AttachmentRecord; readonly version: number } | Refusal;

async function usable(
  context: Context,
  { user, log, id }: { readonly user: string; readonly log: LogName; readonly id: string },
): Promise<Usable> {
  const reading = await mayReadAttachment(context, user, id);
  if (!reading.ok) return refused('not_found', 'payload/attachments: no such file');
  const { record, version } = reading;
  if (!record.bound && record.log !== log) {
    return refused('not_found', 'payload/attachments: uploaded for another conversation');
  }
  const uses = await listPage(context.store, ATTACHMENT_USES, `${id}/`, { limit: MOST_USES });
  if (uses.length >= MOST_USES) return refused('forbidden', 'payload/attachments: forwarded too often');
  return { record, version };
}

function isDescribed(named: Named, record: AttachmentRecord): boolean {
  if (named.preview && !record.preview) return false;
  return (['name', 'type', 'size', 'sha256', 'width', 'height'] as const).every(
    (member) => named[member] === undefined || named[member] === record[member],
  );
}

/** A message that was kept before is not decided again, whatever became of its attachments: the store answers as at first. */
async function answerToRepeat(
  { store }: Context,
  { user, log, envelope }: BindingRequest,
  refusal: Refusal,
): Promise<Binding | Refusal> {
  const before = await store.locate(log, envelope.id);
  return before?.sender === user ? { kind: 'binding', requires: [], changes: [] } : refusal;
}

function refused(error: Refusal['error'], detail: string): Refusal {
  return { kind: 'refused', error, detail };
}
