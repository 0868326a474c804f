import { attachmentName, type Attachment, LIMITS, type LogName, MEDIA_TYPE_PATTERN } from '@konferenco/protocol';
import { serverError } from '../server-errors.ts';
import type { SendOptions, Written } from '../types.ts';
import { fileError } from './file-error.ts';
import { checkRoom, isDescribed, saidOf } from './said-of-files.ts';
import type { DescribedFile, FileToSend, OutgoingState, SendFilesOptions } from './types.ts';

/** A file of a message on its way, as the device keeps it. */
export interface RecordedFile {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  /** Id of its upload. */
  readonly upload: string;
  readonly sha256?: string;
  /** A small picture of it lies beside it. */
  readonly preview?: true;
  readonly alt?: string;
  readonly tint?: string;
  /** What the message carries, once the upload is complete. */
  readonly attachment?: Attachment;
}

/** A message on its way, as the device keeps it. */
export interface OutgoingRecord {
  readonly log: LogName;
  readonly text: string;
  readonly options: Pick<SendOptions, 'mentions' | 'reply_to' | 'thread'>;
  /** Its id, and when and where it was written, whenever it leaves. */
  readonly written: Written;
  readonly files: readonly RecordedFile[];
  readonly held?: Extract<OutgoingState, { kind: 'paused' | 'failed' }>;
}

const OUTGOING = 'outgoing/';

/** Keys sort by id, and so by the time of writing. */
export const OUTGOING_PREFIX = OUTGOING;
export const recordKey = (id: string): string => OUTGOING + id;
export const fileKey = (id: string, index: number): string => `${OUTGOING}${id}/${index}`;
export const previewKey = (id: string, index: number): string => `${fileKey(id, index)}/preview`;

const MEDIA_TYPE = new RegExp(MEDIA_TYPE_PATTERN);
const TYPE_LENGTH = 80;

/** Files as they are given, each with what is said of it. */
export function described(files: readonly (FileToSend | DescribedFile)[]): readonly DescribedFile[] {
  return files.map((one) => (isDescribed(one) ? one : { file: one }));
}

/** A file's media type as the server takes it: without parameters, and for what has none the general one. */
export function mediaTypeOf(type: string): string {
  const plain = type.toLowerCase().split(';')[0]?.trim() ?? '';
  return MEDIA_TYPE.test(plain) && plain.length <= TYPE_LENGTH ? plain : 'application/octet-stream';
}

export interface NewOutgoing {
  readonly log: LogName;
  readonly written: Written;
  readonly files: readonly DescribedFile[];
  readonly options: SendFilesOptions;
  readonly newId: () => string;
}

/** @throws {import('../errors.ts').KonferencoError} `invalid` for no files, more than a message carries, or an empty one; `too_large` */
export function newRecord({ log, written, files, options, newId }: NewOutgoing): OutgoingRecord {
  const { text = '', mentions, reply_to, thread } = options;
  if (files.length === 0 || files.length > LIMITS.attachments || files.some(({ file }) => file.size === 0)) {
    throw serverError('invalid');
  }
  const record: OutgoingRecord = {
    log,
    text,
    written,
    options: {
      ...(mentions ? { mentions } : {}),
      ...(reply_to === undefined ? {} : { reply_to }),
      ...(thread === undefined ? {} : { thread }),
    },
    files: files.map(({ file: { name, type, size }, preview, ...said }) => ({
      name: attachmentName(name),
      type: mediaTypeOf(type),
      size,
      upload: newId(),
      ...(preview ? { preview: true } : {}),
      ...saidOf(said),
    })),
  };
  checkRoom(record);
  return record;
}

export function bytesOf({ files }: Pick<OutgoingRecord, 'files'>): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

export function withFile(record: OutgoingRecord, index: number, change: Partial<RecordedFile>): OutgoingRecord {
  return { ...record, files: record.files.map((file, i) => (i === index ? { ...file, ...change } : file)) };
}

/** The record as it is tried again by the person: with new uploads where the server may not have the old ones any more. */
export function anew(record: OutgoingRecord, newId: () => string): OutgoingRecord {
  const { held, ...rest } = record;
  if (held?.kind !== 'failed') return rest;
  return { ...rest, files: rest.files.map((file) => (file.attachment ? file : { ...file, upload: newId() })) };
}

/** What a server refuses, as far as it told before. @throws {import('../errors.ts').KonferencoError} */
export function checkRules(
  files: readonly Pick<RecordedFile, 'size' | 'type'>[],
  rules: { readonly max_bytes: number; readonly types: readonly string[] } | null,
): void {
  if (rules === null) return;
  const { max_bytes, types } = rules;
  for (const { size, type } of files) {
    if (size > max_bytes) throw fileError('upload_too_large');
    const isTaken = types.length === 0 || types.includes(type) || types.includes(`${type.split('/')[0]}/*`);
    if (!isTaken) throw fileError('upload_type_refused');
  }
}
