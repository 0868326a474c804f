import type { DigestPart, LiveEntry, StoredEntry, StoredPointer } from '@konferenco/core';
import { type Envelope, LIMITS, type LogName, parseLogName } from '@konferenco/protocol';

/** Room left in a frame for what stands around its items. */
const FRAME_ROOM = LIMITS.frame_bytes - 512;

/** An item's JSON around the envelope's stored JSON, which is not parsed again. */
export function itemJson(entry: LiveEntry): string {
  return `{"offset":${entry.offset},"at":${entry.at},"envelope":${entry.envelope}}`;
}

export function storedItemJson(entry: StoredEntry): string {
  return `{"offset":${entry.offset},"at":${entry.at},${bodyJson(entry)}}`;
}

export function inboxItemJson(pointer: StoredPointer): string {
  return `{"inbox":${pointer.inbox},"reason":"${pointer.reason}","log":"${pointer.log}","offset":${pointer.offset},"at":${pointer.at},${bodyJson(pointer)}}`;
}

function bodyJson(entry: StoredEntry): string {
  if (entry.envelope !== null) return `"envelope":${entry.envelope}`;
  const thread = entry.thread === undefined ? '' : `,"thread":"${entry.thread}"`;
  return `"gone":"${entry.gone ?? 'erased'}","id":"${entry.id}"${thread}`;
}

/** Frames that bring a batch to subscribers, each within the frame size. UTF-16 units are taken for up to 3 bytes. */
export function messageFrames(log: LogName, parts: readonly DigestPart<LiveEntry>[]): string[] {
  const frames: string[] = [];
  for (const part of parts) {
    if (part.kind === 'skipped') frames.push(`{"type":"skipped","log":"${log}","from":${part.from},"to":${part.to}}`);
    else frames.push(...packed(`{"type":"message","log":"${log}","items":[`, part.entries.map(itemJson)));
  }
  return frames;
}

/** Frames that bring inbox items to one user. */
export function inboxFrames(items: readonly string[]): string[] {
  return packed('{"type":"inbox","items":[', items);
}

function packed(head: string, items: readonly string[]): string[] {
  const frames: string[] = [];
  let text = '';
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(item) + 1;
    if (text !== '' && bytes + size > FRAME_ROOM) {
      frames.push(`${head}${text}]}`);
      text = '';
      bytes = 0;
    }
    text = text === '' ? item : `${text},${item}`;
    bytes += size;
  }
  if (text !== '') frames.push(`${head}${text}]}`);
  return frames;
}

export function transientFrame(log: LogName, envelope: string): string {
  return `{"type":"transient","log":"${log}","envelope":${envelope}}`;
}

/** A chat as one flat object (P7); `null` for entries a load script has no use for. */
export function shortFrame(log: LogName, entry: LiveEntry): string | null {
  const address = parseLogName(log);
  const envelope = JSON.parse(entry.envelope) as Envelope;
  const text = (envelope.payload as { text?: unknown }).text;
  if (address?.kind !== 'channel' || typeof text !== 'string') return null;
  return JSON.stringify({
    type: 'chat',
    channel: address.channel,
    from: envelope.from.user_id,
    text,
    timestamp: envelope.timestamp,
    id: envelope.id,
    offset: entry.offset,
  });
}
