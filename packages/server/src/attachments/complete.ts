import { createHash } from 'node:crypto';
import { type Command, ObjectsUnavailableError } from '@konferenco/core';
import { type Attachment, LIMITS } from '@konferenco/protocol';
import { change } from '../accounts/change.ts';
import { at, drop, put, read } from '../accounts/records.ts';
import { Refused } from '../accounts/refused.ts';
import type { AttachmentContext } from './context.ts';
import { ImageProbe, type Probed } from './image-probe.ts';
import { isAllowedType } from './media-type.ts';
import { withoutUpload } from './quota.ts';
import {
  ATTACHMENT_DUE,
  ATTACHMENTS,
  attachmentObject,
  type AttachmentRecord,
  chunkObjects,
  dueKey,
  UPLOAD_QUOTAS,
  type UploadRecord,
  UPLOADS,
} from './records.ts';
import { dropUpload, own } from './uploads.ts';
import { descriptorOf } from './views.ts';

/**
 * Makes one object of an upload's chunks and checks it as it was stored: its size, its hash, and that an image is one.
 * The chunks go once all of that is durable. Completing again answers the same.
 *
 * @throws {Refused} `upload_incomplete`; `upload_mismatch` and `upload_type_refused`, after which the upload is gone
 * @throws {ObjectsUnavailableError}
 */
export function completeUpload(context: AttachmentContext, user: string, id: string): Promise<Attachment> {
  return context.serial.run(`upload/${id}`, () => complete(context, user, id));
}

async function complete(context: AttachmentContext, user: string, id: string): Promise<Attachment> {
  const { objects, metrics } = context;
  const { upload, version, attachment } = await own(context, user, id);
  if (!upload) return descriptorOf(id, attachment);
  if (upload.received < upload.size) {
    throw new Refused('upload_incomplete', { detail: `${upload.received} of ${upload.size} bytes are here.` });
  }
  const key = attachmentObject(id);
  await objects.put(key, joined(context, chunkObjects(id, upload)), upload.size);
  const stored = await inspect(context, key);
  const type = judge(context, upload, stored);
  if (type instanceof Refused) {
    await dropUpload(context, id, user);
    await Promise.allSettled([objects.delete(key)]);
    throw type;
  }
  const record = await keep(context, { id, version, upload, stored, type });
  metrics.upload('completed');
  // What fails to go now is found by the janitor.
  await Promise.allSettled(chunkObjects(id, upload).map((chunk) => objects.delete(chunk)));
  return descriptorOf(id, record);
}

async function* joined({ objects }: AttachmentContext, keys: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const key of keys) {
    const body = await objects.get(key);
    if (!body) throw new ObjectsUnavailableError(`a chunk is missing: ${key}`);
    yield* body.bytes;
  }
}

interface Inspected extends Probed {
  readonly sha256: string;
}

/** Reads an object back from where it is stored. */
async function inspect({ objects }: AttachmentContext, key: string): Promise<Inspected> {
  const body = await objects.get(key);
  if (!body) throw new ObjectsUnavailableError(`an object just written is missing: ${key}`);
  const hash = createHash('sha256');
  const probe = new ImageProbe();
  for await (const piece of body.bytes) {
    hash.update(piece);
    probe.push(piece);
  }
  return { sha256: hash.digest('hex'), ...probe.end() };
}

/** The type a file is kept as, or why it is not kept. Any image is called what it is. */
function judge({ options }: AttachmentContext, upload: UploadRecord, stored: Inspected): string | Refused {
  if (upload.sha256 !== undefined && upload.sha256 !== stored.sha256) return new Refused('upload_mismatch');
  if (!upload.type.startsWith('image/')) return upload.type;
  const isTaken = stored.type !== null && isAllowedType(stored.type, options.types);
  return isTaken ? (stored.type ?? upload.type) : new Refused('upload_type_refused');
}

interface Finished {
  readonly id: string;
  readonly version: number;
  readonly upload: UploadRecord;
  readonly stored: Inspected;
  readonly type: string;
}

/** Writes the attachment in the upload's place. Whoever completed it on another node meanwhile wrote the same. */
async function keep(context: AttachmentContext, finished: Finished): Promise<AttachmentRecord> {
  const { store, clock } = context;
  const { id, version, upload, stored, type } = finished;
  const { by, log, name, size } = upload;
  const { sha256, width, height } = stored;
  const pixels = type.startsWith('image/') && width && height ? { width, height } : {};
  const completed_at = clock.now();
  const record: AttachmentRecord = { by, log, name, type, size, sha256, ...pixels, completed_at };
  return change(context, async () => {
    const [known, quota, present] = await Promise.all([
      read(store, ATTACHMENTS, id),
      read(store, UPLOAD_QUOTAS, by),
      read(store, UPLOADS, id),
    ]);
    if (known.value) return { result: known.value };
    // Cancelled meanwhile.
    if (present.version !== version || !present.value) throw new Refused('not_found');
    const command: Command = {
      requires: [at(UPLOADS, id, version), at(ATTACHMENTS, id, known.version), at(UPLOAD_QUOTAS, by, quota.version)],
      changes: [
        drop(UPLOADS, id),
        put(ATTACHMENTS, id, record),
        put(UPLOAD_QUOTAS, by, withoutUpload(quota.value, { id, missing: 0 }, completed_at)),
        put(ATTACHMENT_DUE, dueKey(completed_at + LIMITS.upload_ms, id), { why: 'begun' }),
      ],
    };
    return { command, result: record };
  });
}
