import type { StreamEntry, StreamName, StreamRecord } from '@konferenco/core';

const VERSION = 1;

/** The body of a stream's message: the entry, with the version of this form. */
export function encodeEntry(entry: StreamEntry): string {
  return JSON.stringify({ v: VERSION, ...entry });
}

/** What NATS recognises a message by. An id is unique per sender only. */
export function messageId({ sender, id }: Pick<StreamEntry, 'sender' | 'id'>): string {
  return `${sender}/${id}`;
}

/** `null` when nobody, or only a later version, can read it. */
export function decodeEntry(
  text: string,
  place: { readonly stream: StreamName; readonly sequence: number; readonly incarnation: string },
): StreamRecord | null {
  try {
    const { v, event, type, subtype, log, offset, at, id, sender, envelope } = JSON.parse(text) as Partial<
      StreamEntry & { v: number }
    >;
    if (v !== VERSION || typeof offset !== 'number' || typeof at !== 'number') return null;
    const texts = { event, type, subtype, log, id, sender, envelope };
    if (Object.values(texts).some((value) => typeof value !== 'string')) return null;
    return { ...(texts as Record<keyof typeof texts, string>), offset, at, ...place };
  } catch {
    return null;
  }
}
