import type { Attachment, Envelope, LogName } from '@konferenco/protocol';
import type { MessageState } from './types.ts';

export interface SendOptions {
  readonly mentions?: readonly string[];
  readonly reply_to?: string;
  readonly thread?: string;
  /** Files whose uploads are complete; the text may then be empty. See `@konferenco/client/attachments`. */
  readonly attachments?: readonly Attachment[];
  /** When and where the message was written, if not now and here: an earlier answer of `written`. Sent once for each. */
  readonly written?: Written;
  /** Called on every change of state: saving, queued, sent, stored, read or failed. */
  readonly onState?: (state: MessageState) => void;
}

/** A message's place before it is sent: its id, its time (Unix ms) and the last entry of the log its author had seen. */
export interface Written {
  readonly id: string;
  readonly timestamp: number;
  readonly after?: number;
}

/** What is published as it is: who says it, when and under which id is put to it. */
export type Publication = Pick<Envelope, 'type' | 'subtype' | 'to' | 'payload'>;

/** Proof that a message is on the server's disk. */
export interface Receipt {
  readonly id: string;
  readonly log: LogName;
  readonly offset: number;
}
