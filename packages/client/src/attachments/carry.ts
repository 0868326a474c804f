import { LocalStoreError } from '../storage/local-store.ts';
import type { Client, Environment, Receipt } from '../types.ts';
import { conversationOf, findMessage, whenStored } from './conversation-of.ts';
import { fileError, storeError } from './file-error.ts';
import type { FileChange, FileStore } from './file-store.ts';
import { type KeptFiles, keptPreview } from './kept-files.ts';
import type { Job } from './outgoing-job.ts';
import {
  bytesOf,
  fileKey,
  OUTGOING_PREFIX,
  type OutgoingRecord,
  previewKey,
  recordKey,
  withFile,
} from './outgoing-record.ts';
import { attachmentsOf } from './said-of-files.ts';
import type { DescribedFile } from './types.ts';
import { sha256Of, uploadFile, uploadPreview } from './upload-file.ts';

/** What a message with files is carried with. */
export interface CarrierParts {
  readonly client: Pick<Client, 'rest' | 'link' | 'ready' | 'channel' | 'direct' | 'me'>;
  readonly files: FileStore;
  readonly kept: KeptFiles;
  readonly environment: Environment;
}

export interface Carrier extends CarrierParts {
  /** More of it is on the server. */
  readonly progressed: () => void;
}

/**
 * Keeps a new message with its files. Without room, what was kept after opening leaves first.
 *
 * @throws {import('../errors.ts').KonferencoError} `storage`, `file_unreadable`
 */
export async function keepNew(
  record: OutgoingRecord,
  described: readonly DescribedFile[],
  { files, kept }: CarrierParts,
): Promise<void> {
  const { id } = record.written;
  const changes: readonly FileChange[] = [
    { table: 'records', key: recordKey(id), value: record },
    ...described.flatMap(({ file, preview }, index): FileChange[] => [
      { table: 'blobs', key: fileKey(id, index), value: file },
      ...(preview ? [{ table: 'blobs' as const, key: previewKey(id, index), value: preview }] : []),
    ]),
  ];
  try {
    await files.write(changes).catch(async (thrown: unknown) => {
      if (!(thrown instanceof LocalStoreError) || thrown.fault !== 'full') throw thrown;
      await kept.clear();
      await files.write(changes);
    });
  } catch (thrown) {
    throw isUnreadable(thrown) ? fileError('file_unreadable', thrown) : storeError(thrown);
  }
}

/** Every message on its way, oldest first. @throws {import('../errors.ts').KonferencoError} `storage` */
export async function recordsIn(files: FileStore): Promise<readonly OutgoingRecord[]> {
  try {
    return (await files.records(OUTGOING_PREFIX)).map(({ value }) => value as OutgoingRecord);
  } catch (thrown) {
    throw storeError(thrown);
  }
}

/** Bytes of all files on their way. @throws {import('../errors.ts').KonferencoError} `storage` */
export async function outgoingBytes(files: FileStore): Promise<number> {
  return (await recordsIn(files)).reduce((sum, record) => sum + bytesOf(record), 0);
}

/** Tells the server of uploads that were given up. Out of reach, it forgets them after a day. */
export async function cancelUploads({ record }: Job, { rest }: Pick<CarrierParts['client'], 'rest'>): Promise<void> {
  await Promise.allSettled(record.files.map(({ upload }) => rest('cancelUpload', { params: { upload } })));
}

/** Drops a message and its files. */
export async function drop({ id, record }: Job, files: FileStore): Promise<void> {
  const blobs = record.files.flatMap((_, index) =>
    [fileKey(id, index), previewKey(id, index)].map((key) => ({ table: 'blobs' as const, key, value: undefined })),
  );
  try {
    await files.write([{ table: 'records', key: recordKey(id), value: undefined }, ...blobs]);
  } catch (thrown) {
    // The next start finds it again and sees that its message is stored: the server keeps it once.
    if (!(thrown instanceof LocalStoreError)) throw thrown;
  }
}

/** Uploads the files of a message that are not on the server yet, and writes down each that is. Throws what ends it. */
export async function uploadAll(job: Job, carrier: Carrier, signal: AbortSignal): Promise<void> {
  for (const index of job.record.files.keys()) {
    if (!job.record.files[index]?.attachment) await uploadOne(job, index, { ...carrier, signal });
  }
}

type Upload = Carrier & { readonly signal: AbortSignal };

async function uploadOne(job: Job, index: number, upload: Upload): Promise<void> {
  const { files, client, environment, signal, progressed } = upload;
  const blob = await files.blob(fileKey(job.id, index));
  if (!blob || blob.size !== job.record.files[index]?.size) throw fileError('file_unreadable');
  if (job.record.files[index].sha256 === undefined) {
    const sha256 = await sha256Of(blob);
    if (sha256 !== null) await save(job, withFile(job.record, index, { sha256 }), upload);
  }
  const { log, files: recorded } = job.record;
  const file = recorded[index];
  if (!file) return;
  const progress = (bytes: number): void => {
    if (signal.aborted) return;
    job.sent[index] = bytes;
    progressed();
  };
  const uploaded = await uploadFile({ rest: client.rest, environment, log, file, blob, signal, progress });
  const preview = file.preview ? await files.blob(previewKey(job.id, index)) : undefined;
  const attachment = preview ? await uploadPreview(client.rest, { attachment: uploaded, preview, signal }) : uploaded;
  job.sleep_ms = 0;
  await save(job, withFile(job.record, index, { attachment }), upload);
  progress(file.size);
}

async function save(job: Job, record: OutgoingRecord, { files, signal }: Upload): Promise<void> {
  signal.throwIfAborted();
  job.record = record;
  try {
    await files.write([{ table: 'records', key: recordKey(job.id), value: record }]);
  } catch (thrown) {
    throw storeError(thrown);
  }
  signal.throwIfAborted();
}

/** Puts a message whose files are on the server into the outbox, once. Resolves when it is stored. */
export async function handOver(job: Job, carrier: CarrierParts): Promise<Receipt> {
  const { client } = carrier;
  await keepOwn(job, carrier);
  await client.ready;
  const { log, text, options, written } = job.record;
  const conversation = conversationOf(client, log);
  // An earlier run of the program may have put it into the outbox.
  if (findMessage(conversation, job.id, options.thread)) return whenStored(conversation, job.id, options.thread);
  return conversation.send(text, { ...options, attachments: attachmentsOf(job.record), written });
}

/** One's own files are shown without fetching them. */
async function keepOwn(job: Job, { files, kept }: CarrierParts): Promise<void> {
  try {
    for (const [index, { attachment }] of job.record.files.entries()) {
      const blob = attachment ? await files.blob(fileKey(job.id, index)) : undefined;
      if (!blob || !attachment) continue;
      await files.write(await kept.keeping(attachment.id, blob));
      const preview = await files.blob(previewKey(job.id, index));
      if (preview) await files.write(await kept.keeping(keptPreview(attachment.id), preview));
    }
  } catch (thrown) {
    // Without room they are fetched like any other.
    if (!(thrown instanceof LocalStoreError)) throw thrown;
  }
}

/** The file was moved or changed after it was chosen. */
function isUnreadable(thrown: unknown): boolean {
  return thrown instanceof LocalStoreError && /NotReadable|NotFound/.test(String((thrown.cause as Error | null)?.name));
}
