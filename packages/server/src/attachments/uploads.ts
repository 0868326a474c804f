import { attachmentName, LIMITS, type LogName, type Upload } from '@konferenco/protocol';
import { change } from '../accounts/change.ts';
import { at, drop, put, read } from '../accounts/records.ts';
import { Refused } from '../accounts/refused.ts';
import type { AttachmentContext } from './context.ts';
import { isAllowedType } from './media-type.ts';
import { requireWrite } from './permission.ts';
import { withoutUpload, withUpload } from './quota.ts';
import {
  ATTACHMENT_DUE,
  ATTACHMENTS,
  type AttachmentRecord,
  chunkObject,
  chunkObjects,
  dueKey,
  UPLOAD_QUOTAS,
  type UploadRecord,
  UPLOADS,
} from './records.ts';
import { chunkSizes, completedView, uploadView } from './views.ts';

export interface NewUpload {
  readonly id?: string | undefined;
  readonly log: LogName;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly sha256?: string | undefined;
}

/**
 * Begins an upload for a conversation its owner may write in. The same again under the same id answers how far it is.
 *
 * @throws {Refused} `upload_too_large`, `upload_type_refused`, `quota_exceeded`, `id_reused`, or why one may not write.
 */
export async function createUpload(context: AttachmentContext, user: string, request: NewUpload): Promise<Upload> {
  const { options } = context;
  if (request.size > options.max_bytes) {
    throw new Refused('upload_too_large', { detail: `Files may have up to ${options.max_bytes} bytes here.` });
  }
  if (!isAllowedType(request.type, options.types)) throw new Refused('upload_type_refused');
  await requireWrite(context, user, request.log);
  const { id = context.newId(), log, type, size, sha256 } = request;
  const expires_at = context.clock.now() + LIMITS.upload_ms;
  const described = { by: user, log, name: attachmentName(request.name), type, size };
  const record = { ...described, ...(sha256 ? { sha256 } : {}), received: 0, chunks: [], expires_at };
  const { upload, isNew } = await context.serial.run(`uploads/${user}`, () => begin(context, id, record));
  if (isNew) context.metrics.upload('begun');
  return upload;
}

function begin(context: AttachmentContext, id: string, record: UploadRecord) {
  const { store, clock, options } = context;
  return change(context, async () => {
    const [upload, attachment, quota] = await Promise.all([
      read(store, UPLOADS, id),
      read(store, ATTACHMENTS, id),
      read(store, UPLOAD_QUOTAS, record.by),
    ]);
    const known = upload.value ?? attachment.value;
    if (known && !isSame(known, record))
      throw new Refused('id_reused', { detail: 'This id is taken: choose another.' });
    if (attachment.value) return { result: { upload: completedView(id, attachment.value), isNew: false } };
    if (upload.value) return { result: { upload: uploadView(id, upload.value), isNew: false } };
    const limits = { now: clock.now(), daily_bytes: options.daily_bytes };
    const used = withUpload(quota.value, { id, size: record.size }, limits);
    return {
      command: {
        requires: [at(UPLOADS, id, 0), at(ATTACHMENTS, id, 0), at(UPLOAD_QUOTAS, record.by, quota.version)],
        changes: [
          put(UPLOADS, id, record),
          put(UPLOAD_QUOTAS, record.by, used),
          put(ATTACHMENT_DUE, dueKey(record.expires_at, id), { why: 'begun' }),
        ],
      },
      result: { upload: uploadView(id, record), isNew: true },
    };
  });
}

/** A file keeps its size and type by what it holds: an image that was called by another name is known by its new one. */
function isSame(known: UploadRecord | AttachmentRecord, wanted: UploadRecord): boolean {
  const { by, log, name, size } = wanted;
  return known.by === by && known.log === log && known.name === name && known.size === size && !('ended' in known);
}

/** How far an upload is. @throws {Refused} `not_found`, also for another person's */
export async function uploadState(context: AttachmentContext, user: string, id: string): Promise<Upload> {
  const { upload, attachment } = await own(context, user, id);
  return upload ? uploadView(id, upload) : completedView(id, attachment);
}

export interface Chunk {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * Keeps a chunk, when the upload goes on at its offset. Otherwise nothing changes, and the answer says where it goes on:
 * a chunk sent twice is kept once.
 *
 * @throws {Refused} `not_found`, `invalid` for a chunk that is too small, `upload_mismatch` for one that goes beyond the
 *   announced size
 * @throws {ObjectsUnavailableError}
 */
export function putChunk(context: AttachmentContext, user: string, id: string, chunk: Chunk): Promise<Upload> {
  return context.serial.run(`upload/${id}`, () => keepChunk(context, user, id, chunk));
}

async function keepChunk(context: AttachmentContext, user: string, id: string, chunk: Chunk): Promise<Upload> {
  const { store, objects, random, metrics } = context;
  const { upload, version, attachment } = await own(context, user, id);
  if (!upload) return completedView(id, attachment);
  if (chunk.offset !== upload.received) return uploadView(id, upload);
  checkSize(upload, chunk.bytes.length);
  const token = Buffer.from(random.bytes(8)).toString('hex');
  const key = chunkObject(id, chunk.offset, token);
  await objects.put(key, once(chunk.bytes), chunk.bytes.length);
  const next: UploadRecord = {
    ...upload,
    received: upload.received + chunk.bytes.length,
    chunks: [...upload.chunks, [chunk.bytes.length, token]],
  };
  const [outcome] = await store.commit([{ requires: [at(UPLOADS, id, version)], changes: [put(UPLOADS, id, next)] }]);
  if (outcome?.kind === 'committed') {
    metrics.bytes('in', chunk.bytes.length);
    return uploadView(id, next);
  }
  // Another node was faster with the same chunk, or it was cancelled meanwhile.
  await objects.delete(key);
  return uploadState(context, user, id);
}

function checkSize(upload: UploadRecord, length: number): void {
  const end = upload.received + length;
  if (end > upload.size) throw new Refused('upload_mismatch', { detail: `The file was to have ${upload.size} bytes.` });
  const { chunk_min_bytes } = chunkSizes(upload.size);
  if (length === 0 || (length < chunk_min_bytes && end < upload.size)) {
    throw new Refused('invalid', { detail: `A chunk before the last has at least ${chunk_min_bytes} bytes.` });
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Gives up an upload that is not complete. @throws {Refused} `not_found` */
export async function dropUpload(context: AttachmentContext, id: string, user: string): Promise<void> {
  const { store, clock, objects } = context;
  const dropped = await change(context, async () => {
    const [upload, quota] = await Promise.all([read(store, UPLOADS, id), read(store, UPLOAD_QUOTAS, user)]);
    if (upload.value?.by !== user) throw new Refused('not_found');
    const missing = upload.value.size - upload.value.received;
    return {
      command: {
        requires: [at(UPLOADS, id, upload.version), at(UPLOAD_QUOTAS, user, quota.version)],
        changes: [
          drop(UPLOADS, id),
          put(UPLOAD_QUOTAS, user, withoutUpload(quota.value, { id, missing }, clock.now())),
        ],
      },
      result: upload.value,
    };
  });
  // What fails to go now is found by the janitor.
  await Promise.allSettled(chunkObjects(id, dropped).map((key) => objects.delete(key)));
}

/** An upload of `user`, or what it became. */
type Own =
  | { readonly upload: UploadRecord; readonly version: number; readonly attachment: null }
  | { readonly upload: null; readonly version: number; readonly attachment: AttachmentRecord };

/** @throws {Refused} `not_found`, also for another person's, which stays unknown */
export async function own({ store, clock }: AttachmentContext, user: string, id: string): Promise<Own> {
  const upload = await read(store, UPLOADS, id);
  if (upload.value?.by === user && upload.value.expires_at > clock.now()) {
    return { upload: upload.value, version: upload.version, attachment: null };
  }
  const attachment = await read(store, ATTACHMENTS, id);
  if (attachment.value?.by !== user || attachment.value.ended) throw new Refused('not_found');
  return { upload: null, version: attachment.version, attachment: attachment.value };
}
