import {
  type Attachment,
  type DeletePayload,
  type EditPayload,
  type Envelope,
  type Gone,
  type LogName,
  parseLogName,
  type ReactionPayload,
  type TextPayload,
  type ThreadReplyPayload,
} from '@konferenco/protocol';

/** What an envelope means for a conversation's timeline. */
export type Said =
  | {
      readonly kind: 'text';
      readonly text: string;
      readonly mentions: readonly string[];
      readonly reply_to?: string;
      readonly thread?: string;
      /** The last entry of the log its author had seen. */
      readonly after?: number;
      readonly attachments?: readonly Attachment[];
    }
  | { readonly kind: 'edit'; readonly target: string; readonly text: string; readonly mentions: readonly string[] }
  | { readonly kind: 'delete'; readonly target: string }
  | { readonly kind: 'reaction'; readonly target: string; readonly emoji: string; readonly op: 'add' | 'remove' };

export type Correction = Exclude<Said, { kind: 'text' }>;

/** Reads an envelope; `null` for what no timeline shows: other families, and what is sealed. The server checked the payload's form. */
export function readSaid(envelope: Envelope): Said | null {
  if (envelope.type !== 'chat' || envelope.encrypted) return null;
  const payload: unknown = envelope.payload;
  switch (envelope.subtype) {
    case 'channel_message':
    case 'direct_message':
    case 'mention':
    case 'thread_reply': {
      const {
        text,
        mentions = [],
        reply_to,
        thread,
        after,
        attachments,
      } = payload as TextPayload & Partial<ThreadReplyPayload>;
      return {
        kind: 'text',
        text,
        mentions,
        ...(thread === undefined ? (reply_to === undefined ? {} : { reply_to }) : { thread }),
        ...(after === undefined ? {} : { after }),
        ...(attachments === undefined ? {} : { attachments }),
      };
    }
    case 'edit': {
      const { target, text, mentions = [] } = payload as EditPayload;
      return { kind: 'edit', target, text, mentions };
    }
    case 'delete':
      return { kind: 'delete', target: (payload as DeletePayload).target };
    case 'reaction': {
      const { target, emoji, op } = payload as ReactionPayload;
      return { kind: 'reaction', target, emoji, op };
    }
    default:
      return null;
  }
}

/** Whether a log is one person's notes to themselves, among which the server puts their positions for an hour. */
export function isNotes(log: LogName): boolean {
  const address = parseLogName(log);
  return address?.kind === 'direct' && address.users[0] === address.users[1];
}

/** Whether an entry whose content is gone is shown as gone. Nothing says whether what expired among notes was one. */
export function leavesPlace(log: LogName, gone: Gone): boolean {
  return gone !== 'expired' || !isNotes(log);
}
