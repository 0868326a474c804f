import { ObjectsUnavailableError } from '@konferenco/core';
import { type Attachment, type AttachmentPreview, PREVIEW_LIMITS } from '@konferenco/protocol';
import { at, put, read } from '../accounts/records.ts';
import { Refused } from '../accounts/refused.ts';
import type { AttachmentContext } from './context.ts';
import { ImageProbe } from './image-probe.ts';
import { mayReadAttachment } from './permission.ts';
import { ATTACHMENTS, type AttachmentRecord, previewObject } from './records.ts';
import { own } from './uploads.ts';
import { descriptorOf } from './views.ts';

/**
 * Keeps a small picture of a file of one's own, which its readers see first. Sent again, the answer is the same.
 *
 * @throws {Refused} `not_found`; `upload_incomplete` before the file is complete; `conflict` once a message carries it;
 *   `upload_type_refused` for what is no small picture
 * @throws {ObjectsUnavailableError}
 */
export function putPreview(
  context: AttachmentContext,
  user: string,
  id: string,
  bytes: Uint8Array,
): Promise<Attachment> {
  return context.serial.run(`upload/${id}`, () => keepPreview(context, user, id, bytes));
}

async function keepPreview(
  context: AttachmentContext,
  user: string,
  id: string,
  bytes: Uint8Array,
): Promise<Attachment> {
  const { store, objects } = context;
  const { attachment, version } = await own(context, user, id);
  if (!attachment) throw new Refused('upload_incomplete', { detail: 'The file is not complete.' });
  if (attachment.preview) return descriptorOf(id, attachment);
  if (attachment.bound) throw new Refused('conflict', { detail: 'A message carries this file already.' });
  const preview = typeOf(bytes);
  await objects.put(previewObject(id), once(bytes), bytes.length);
  const next: AttachmentRecord = { ...attachment, preview };
  const requires = [at(ATTACHMENTS, id, version)];
  const [outcome] = await store.commit([{ requires, changes: [put(ATTACHMENTS, id, next)] }]);
  if (outcome?.kind === 'committed') return descriptorOf(id, next);
  // Another node kept one first, or the file went or was taken meanwhile.
  const { value } = await read(store, ATTACHMENTS, id);
  if (value?.preview) return descriptorOf(id, value);
  throw new Refused('conflict');
}

/** @throws {Refused} `upload_type_refused` */
function typeOf(bytes: Uint8Array): NonNullable<AttachmentRecord['preview']> {
  const probe = new ImageProbe();
  probe.push(bytes);
  const { type, width = 0, height = 0 } = probe.end();
  const longest = Math.max(width, height);
  if ((type === 'image/webp' || type === 'image/jpeg') && longest > 0 && longest <= PREVIEW_LIMITS.pixels) return type;
  throw new Refused('upload_type_refused', {
    detail: `A preview is WebP or JPEG of up to ${PREVIEW_LIMITS.pixels} pixels.`,
  });
}

/** The small picture of a file that `user` may read. @throws {Refused} `not_found` when there is none, or why one may not read it */
export async function readPreview(context: AttachmentContext, user: string, id: string): Promise<AttachmentPreview> {
  const reading = await mayReadAttachment(context, user, id);
  if (!reading.ok) throw new Refused(reading.error);
  const { preview } = reading.record;
  if (!preview) throw new Refused('not_found', { detail: 'There is no preview of this file.' });
  const body = await context.objects.get(previewObject(id));
  if (!body) throw new ObjectsUnavailableError(`a preview is missing: ${previewObject(id)}`);
  const pieces: Uint8Array[] = [];
  for await (const piece of body.bytes) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  context.metrics.bytes('out', bytes.length);
  return { type: preview, bytes: bytes.toString('base64') };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
