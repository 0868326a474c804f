import { type Envelope, type LogName, PRIORITY_RANK } from '@konferenco/protocol';
import type { KonferencoError } from './errors.ts';
import type { OutboxEntry, SendError } from './types.ts';

export interface Submission {
  readonly log: LogName;
  readonly envelope: Envelope;
  /** Rank of its type's priority; normal by default. A sender may only lower it. */
  readonly rank?: number;
}

/** What waits for one envelope. `now` is in Unix milliseconds, by the server's clock as far as known. */
export function entryOf({ log, envelope, rank = PRIORITY_RANK.normal }: Submission, now: number): OutboxEntry {
  return {
    id: envelope.id,
    log,
    envelope: JSON.stringify(envelope),
    created_at: now,
    priority: Math.max(rank, PRIORITY_RANK[envelope.priority ?? 'critical']),
  };
}

/** The entry under a new id, of the time known now: a clock that was ahead made both id and time. */
export function reminted(entry: OutboxEntry, id: string, now: number): OutboxEntry {
  const refused = JSON.parse(entry.envelope) as Envelope;
  const envelope: Envelope = { ...refused, id, timestamp: Math.min(refused.timestamp, now) };
  return { ...entry, id, envelope: JSON.stringify(envelope) };
}

/** The error as a message shows it. */
export function sendError({ code, error, message }: KonferencoError): SendError {
  return { code, error, message };
}

/** What a message says after an edit. */
export interface Words {
  readonly text: string;
  readonly mentions: readonly string[];
}

export function payloadOf({ text, mentions }: Words): Record<string, unknown> {
  return { text, ...(mentions.length > 0 ? { mentions } : {}) };
}

/** The envelope of a message with other words. */
export function saying(envelope: Envelope, words: Words): Envelope {
  const { mentions: _, ...payload } = envelope.payload;
  return { ...envelope, payload: { ...payload, ...payloadOf(words) } };
}
