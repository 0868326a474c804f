import type { Attachment, LogName, Upload } from '@konferenco/protocol';
import { clientError, KonferencoError } from '../errors.ts';
import { serverError } from '../server-errors.ts';
import type { Environment, Rest } from '../types.ts';
import { fileError } from './file-error.ts';
import type { RecordedFile } from './outgoing-record.ts';

/** The first chunk, before anything is known of the link. */
const FIRST_BYTES = 262_144;
/** A chunk is to take about this long: a cut costs no more than that, and progress shows. */
const CHUNK_MS = 2_000;
/** A chunk that takes longer is given up; below what the server allows. */
const CHUNK_LIMIT_MS = 50_000;
/** Answers in a row by which nothing went on. */
const STUCK_MAX = 5;

export interface UploadFileOptions {
  readonly rest: Rest;
  readonly environment: Pick<Environment, 'now' | 'after'>;
  readonly log: LogName;
  readonly file: RecordedFile;
  readonly blob: Blob;
  /** Ends it: `reason` is thrown. */
  readonly signal: AbortSignal;
  /** Bytes on the server. */
  readonly progress: (bytes: number) => void;
}

/**
 * Uploads one file from where the server has it to its end. Safe to repeat after any failure: what is there is not sent
 * again, and a complete upload answers what it became.
 *
 * @throws {import('../errors.ts').KonferencoError}
 */
export async function uploadFile(options: UploadFileOptions): Promise<Attachment> {
  const { rest, log, file, signal, progress } = options;
  const { upload: id, name, type, size, sha256 } = file;
  const body = { id, log, name, type, size, ...(sha256 === undefined ? {} : { sha256 }) };
  let upload = await rest('createUpload', { body, signal });
  progress(upload.received);
  let wish = FIRST_BYTES;
  let stuck = 0;
  while (upload.attachment === undefined && upload.received < size) {
    const before = upload.received;
    const length = Math.max(upload.chunk_min_bytes, Math.min(wish, upload.chunk_bytes));
    const { answer, took_ms } = await sendChunk(options, before, length);
    upload = answer;
    progress(upload.received);
    stuck = upload.received > before ? 0 : stuck + 1;
    if (stuck >= STUCK_MAX) throw serverError('internal');
    wish = nextLength(length, took_ms);
  }
  return upload.attachment ?? rest('completeUpload', { params: { upload: id }, signal });
}

interface PreviewUpload {
  readonly attachment: Attachment;
  readonly preview: Blob;
  readonly signal: AbortSignal;
}

/**
 * Gives an uploaded file its small picture. Safe to repeat. Where the server refuses it for good the file goes without.
 *
 * @returns what the server then says of the file
 * @throws {import('../errors.ts').KonferencoError} when it is worth another try
 */
export async function uploadPreview(rest: Rest, { attachment, preview, signal }: PreviewUpload): Promise<Attachment> {
  if (attachment.preview) return attachment;
  const body = await bytesOf(preview, 0, preview.size);
  try {
    return await rest('putPreview', { params: { attachment: attachment.id }, body, signal });
  } catch (error) {
    if (error instanceof KonferencoError && error.recourse !== 'later') return attachment;
    throw error;
  }
}

/** Doubles while the link is quick, shrinks when it is not. */
function nextLength(length: number, took_ms: number): number {
  if (took_ms > CHUNK_MS * 2) return Math.ceil(length / 2);
  return took_ms < CHUNK_MS / 2 ? length * 2 : length;
}

interface Sent {
  readonly answer: Upload;
  readonly took_ms: number;
}

async function sendChunk(options: UploadFileOptions, offset: number, length: number): Promise<Sent> {
  const { rest, environment, file, blob, signal } = options;
  const bytes = await bytesOf(blob, offset, length);
  const limit = new AbortController();
  const cancel = environment.after(CHUNK_LIMIT_MS, () => limit.abort(clientError('timeout')));
  const begun = environment.now();
  try {
    const params = { upload: file.upload, offset: String(offset) };
    const answer = await rest('uploadChunk', { params, body: bytes, signal: AbortSignal.any([signal, limit.signal]) });
    return { answer, took_ms: environment.now() - begun };
  } catch (error) {
    // The abortion as its reason, not as the platform names it.
    if (limit.signal.aborted && !signal.aborted) throw limit.signal.reason;
    throw error;
  } finally {
    cancel();
  }
}

async function bytesOf(blob: Blob, offset: number, length: number): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
  } catch (error) {
    throw fileError('file_unreadable', error);
  }
}

/** Web Crypto digests only what is in memory as a whole; a larger file goes without, and the server computes it. */
const DIGEST_MAX = 33_554_432;

/** SHA-256 in hexadecimal; `null` for a file too large, and where there is no Web Crypto (a page without TLS). */
export async function sha256Of(blob: Blob): Promise<string | null> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined;
  if (!subtle || blob.size > DIGEST_MAX) return null;
  const digest = new Uint8Array(
    await subtle.digest('SHA-256', (await bytesOf(blob, 0, blob.size)) as Uint8Array<ArrayBuffer>),
  );
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
