import type { Attachment, AttachmentRules, LogName } from '@konferenco/protocol';
import type { Conversation, Receipt, SendError, SendOptions } from '../types.ts';

/** A file as the program hands it over. A browser's `File` is one. */
export interface FileToSend extends Blob {
  readonly name: string;
}

/** A file with what its sender says of it. */
export interface DescribedFile {
  readonly file: FileToSend;
  /** What it shows, for people who do not see it; up to 200 characters. */
  readonly alt?: string;
  /** A small picture of it, WebP or JPEG of up to 320 pixels and 16 KB. A server that refuses it gets the file without. */
  readonly preview?: Blob;
  /** Its colour on the whole, six hexadecimal digits. */
  readonly tint?: string;
}

export interface SendFilesOptions extends Pick<SendOptions, 'mentions' | 'reply_to' | 'thread'> {
  /** What the message says beside its files; it may be empty. */
  readonly text?: string;
}

/**
 * What a message with files is doing:
 * - `waiting`: for a link, for its turn behind earlier ones, or after a failure, until `retry_at` (Unix ms)
 * - `uploading`
 * - `paused`: by the person
 * - `failed`: needs the person; with `retry` it is tried again
 * - `sending`: all files are on the server; the message is in the outbox, and the conversation shows it
 */
export type OutgoingState =
  | { readonly kind: 'waiting'; readonly why: 'link' | 'turn' }
  | { readonly kind: 'waiting'; readonly why: 'error'; readonly error: SendError; readonly retry_at: number }
  | { readonly kind: 'uploading' }
  | { readonly kind: 'paused' }
  /** `file`: the name of the one that is to blame, if one is. */
  | { readonly kind: 'failed'; readonly error: SendError; readonly file?: string }
  | { readonly kind: 'sending' };

export interface OutgoingFile {
  readonly name: string;
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes on the server. */
  readonly sent: number;
}

/** A message whose files are on their way. Immutable. */
export interface Outgoing {
  /** The message's id. */
  readonly id: string;
  readonly log: LogName;
  readonly thread?: string;
  readonly text: string;
  readonly files: readonly OutgoingFile[];
  readonly state: OutgoingState;
}

export interface SentFiles {
  /** The message's id: that of its {@link Outgoing}. */
  readonly id: string;
  /** Resolves when the message is durable on the server; rejects with {@link import('../errors.ts').KonferencoError}. */
  readonly stored: Promise<Receipt>;
}

export interface FetchOptions {
  /** Bytes here so far. */
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** What files take on this device, in bytes. */
export interface FilesUsage {
  /** Files on their way. They are never dropped to make room. */
  readonly outgoing: number;
  /** Files kept after they were opened or sent. */
  readonly kept: number;
  /** `memory`: nothing of it survives the program. */
  readonly kind: 'durable' | 'memory';
}

export interface FileLimits {
  /** Bytes of files on their way; more are refused. Default: 200 MB. */
  readonly outgoing: number;
  /** Bytes kept after opening; the least recently used leave first. Default: 100 MB. */
  readonly kept: number;
}

/** Sending and fetching files. Everything rejects with {@link import('../errors.ts').KonferencoError}. */
export interface Attachments {
  /** Messages whose files are on their way, in the order of writing; a new array on every change. */
  readonly outgoing: { state(): readonly Outgoing[]; subscribe(fn: () => void): () => void };
  /**
   * Writes a message with 1 to 10 files. Resolves once message and files are kept on this device, which is when they may be
   * called queued; they are then uploaded, over any number of connections and runs of the program, and the message is sent
   * once all of them are on the server.
   *
   * Rejects with `files_full` when the files on their way would take more than the bound, `storage` when the device has no
   * room, and the server's own refusals as far as they are known beforehand: `upload_too_large`, `upload_type_refused`.
   */
  send(
    conversation: Conversation,
    files: readonly (FileToSend | DescribedFile)[],
    options?: SendFilesOptions,
  ): Promise<SentFiles>;
  /** Stops uploading until `resume`, also over a restart. */
  pause(id: string): void;
  /** Goes on after `pause`, or tries again after a failure. */
  resume(id: string): void;
  /** Gives up a message whose files are on their way. One that is in the outbox is discarded there. */
  cancel(id: string): Promise<void>;
  /** What the server takes; `null`: it takes no files. */
  rules(): Promise<AttachmentRules | null>;
  /** The bytes of a file in a message: from this device, else from the server, and kept here. */
  fetch(attachment: Attachment, options?: FetchOptions): Promise<Blob>;
  /** The small picture of a file that has one (`attachment.preview`): from this device, else with one request, and kept here. */
  preview(attachment: Attachment, signal?: AbortSignal): Promise<Blob>;
  /** Whether `fetch` answers without a network. */
  has(id: string): Promise<boolean>;
  /** An address that gives the bytes for some minutes to whoever has it; not to be stored. `expires_at`: Unix ms. */
  link(attachment: Attachment): Promise<{ readonly url: string; readonly expires_at: number }>;
  usage(): Promise<FilesUsage>;
  /** Drops what was kept after opening. */
  clearKept(): Promise<void>;
  /** Drops everything, files on their way too: of a person who signs out. */
  forget(): Promise<void>;
  /** Looks for messages that another program of this device left behind. */
  refresh(): Promise<void>;
  /** Stops; what is on its way goes on at the next start. */
  close(): Promise<void>;
}
