import { type Attachment, LIMITS, type Upload } from '@konferenco/protocol';
import type { AttachmentRecord, UploadRecord } from './records.ts';

/** An upload has at most this many chunks, so that its record stays small. */
const MOST_CHUNKS = 1_000;

/** What a message says of an attachment. */
export function descriptorOf(id: string, record: AttachmentRecord): Attachment {
  const { name, type, size, sha256, width, height, preview } = record;
  return {
    ...{ id, name, type, size, sha256 },
    ...(width && height ? { width, height } : {}),
    ...(preview ? { preview: true } : {}),
  };
}

/** An upload that goes on. */
export function uploadView(id: string, record: UploadRecord): Upload {
  const { log, name, type, size, received, expires_at } = record;
  return { id, log, name, type, size, received, expires_at, ...chunkSizes(size) };
}

/** An upload that is complete. */
export function completedView(id: string, record: AttachmentRecord): Upload {
  const { log, name, type, size, completed_at } = record;
  const attachment = descriptorOf(id, record);
  const expires_at = completed_at + LIMITS.upload_ms;
  return { id, log, name, type, size, received: size, expires_at, ...chunkSizes(size), attachment };
}

/** Bounds of a chunk of a file of `size` bytes. The last one may be smaller. */
export function chunkSizes(size: number): Pick<Upload, 'chunk_bytes' | 'chunk_min_bytes'> {
  const chunk_min_bytes = Math.max(LIMITS.upload_chunk_min_bytes, Math.ceil(size / MOST_CHUNKS));
  return { chunk_bytes: LIMITS.upload_chunk_bytes, chunk_min_bytes };
}
