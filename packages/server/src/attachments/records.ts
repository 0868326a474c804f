import { type Collection, recordKey } from '../accounts/records.ts';
import { timeKey } from '../sync/records.ts';

const collection = <Value>(name: string): Collection<Value> => ({ name });

/** What an upload and the attachment it becomes have in common: both go by one id. */
interface Described {
  readonly by: string;
  readonly log: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

/** `{upload}`: one that is not complete. */
export interface UploadRecord extends Described {
  /** What its owner says it will be. */
  readonly sha256?: string;
  readonly received: number;
  /** Chunks in their order: bytes, and the end of the key they lie under. */
  readonly chunks: readonly (readonly [size: number, token: string])[];
  readonly expires_at: number;
}
export const UPLOADS = collection<UploadRecord>('upload');

/** `{attachment}`: one whose bytes are kept. */
export interface AttachmentRecord extends Described {
  readonly sha256: string;
  readonly width?: number;
  readonly height?: number;
  readonly completed_at: number;
  /** Media type of the small picture that lies beside it. */
  readonly preview?: 'image/webp' | 'image/jpeg';
  /** A message carries it or did: from then on it is read by way of messages alone, by its owner too. */
  readonly bound?: true;
  /** Its object is being deleted: nothing begins to use it any more. */
  readonly ended?: true;
}
export const ATTACHMENTS = collection<AttachmentRecord>('attachment');

/** `{attachment}/{log}/{message}`: a message that carries it, until the message expires or is erased. */
export interface UseRecord {
  readonly expires_at: number;
}
export const ATTACHMENT_USES = collection<UseRecord>('attachment_use');

/** `{user}`: bytes announced on one day (UTC, in days since 1970), and the uploads that are not complete. */
export interface QuotaRecord {
  readonly day: number;
  readonly bytes: number;
  readonly open: readonly string[];
}
export const UPLOAD_QUOTAS = collection<QuotaRecord>('upload_quota');

/** `{time}/{attachment}`: when to look whether somebody still needs it. */
export interface DueRecord {
  /** `begun`: its time to become part of a message is over. `released`: a message that carried it is gone. */
  readonly why: 'begun' | 'released';
}
export const ATTACHMENT_DUE = collection<DueRecord>('attachment_due');

export function dueKey(at: number, id: string): string {
  return recordKey(timeKey(at), id);
}

/** Where the bytes of an attachment lie. */
export function attachmentObject(id: string): string {
  return `a/${id}`;
}

/** Where the small picture of an attachment lies. */
export function previewObject(id: string): string {
  return `p/${id}`;
}

/** Where all chunks of an upload lie. */
export function chunkPrefix(id: string): string {
  return `u/${id}/`;
}

export function chunkObject(id: string, offset: number, token: string): string {
  return `${chunkPrefix(id)}${offset}.${token}`;
}

/** The objects of an upload's chunks, in their order. */
export function chunkObjects(id: string, { chunks }: UploadRecord): string[] {
  let offset = 0;
  return chunks.map(([size, token]) => {
    const key = chunkObject(id, offset, token);
    offset += size;
    return key;
  });
}
