import {
  type ConversationInfo,
  type Envelope,
  type Item,
  type LogName,
  parseLogName,
  ruleOf,
} from '@konferenco/protocol';
import { readSaid } from '../said.ts';

/** What an entry needs beside its text, about. */
const ENTRY_BYTES = 400;

/** Whether a log is one that people talk in. */
export function isConversation(log: LogName): boolean {
  const kind = parseLogName(log)?.kind;
  return kind === 'channel' || kind === 'direct';
}

/** What keeping an entry takes, about (bytes). */
export function sizeOf({ envelope }: Item): number {
  const text: unknown = envelope?.payload['text'];
  return ENTRY_BYTES + (typeof text === 'string' ? text.length : 0);
}

/** Whether an entry may stand for its conversation in a list. */
export function isLine({ envelope }: Item): boolean {
  const said = envelope && readSaid(envelope as Envelope);
  return said?.kind === 'text' && said.thread === undefined;
}

/** When a UUID v7 was made (Unix ms); 0 when it is none. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) || 0;
}

/** An entry as it is kept: without what the inbox adds to it. Where its person was stays with the server, which can erase it. */
export function entryOf(item: Item): Item {
  const { offset, at, envelope, gone, id, thread } = item;
  if (envelope?.type === 'location') return blanked(item, 'erased');
  return {
    offset,
    at,
    ...(envelope && { envelope }),
    ...(gone && { gone }),
    ...(id && { id }),
    ...(thread && { thread }),
  };
}

/** A line of the conversation list as it is kept: with its newest entry as that is kept. */
export function lineOf(info: ConversationInfo): ConversationInfo {
  return info.last ? { ...info, last: entryOf(info.last) } : info;
}

/** What is left of an entry whose content went. */
export function blanked({ offset, at, envelope }: Item, gone: 'erased' | 'expired'): Item {
  const thread = envelope?.payload['thread'];
  const isReply = typeof thread === 'string';
  return { offset, at, gone, ...(envelope && { id: envelope.id }), ...(isReply && { thread }) };
}

/** Whether an entry has outlived its type's retention, or its own time to live. `now`: the server's time (Unix ms). */
export function isExpired({ at, envelope }: Item, now: number): boolean {
  if (!envelope) return false;
  const retention_s = ruleOf(envelope.type, envelope.subtype)?.retention_s ?? Number.POSITIVE_INFINITY;
  return (now - at) / 1000 >= Math.min(envelope.ttl ?? Number.POSITIVE_INFINITY, retention_s);
}
