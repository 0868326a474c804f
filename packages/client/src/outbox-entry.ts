import { type Envelope, type LogName, PRIORITY_RANK, ruleOf } from '@konferenco/protocol';
import type { KonferencoError } from './errors.ts';
import type { OutboxEntry, SendError } from './types.ts';

/** What waits for one envelope. `now` is in Unix milliseconds, by the server's clock as far as known. */
export function entryOf(log: LogName, envelope: Envelope, now: number): OutboxEntry {
  return {
    id: envelope.id,
    log,
    envelope: JSON.stringify(envelope),
    created_at: now,
    priority: rankOf(envelope),
  };
}

/** The entry under a new id, of the time known now: a clock that was ahead made both id and time. */
export function reminted(entry: OutboxEntry, id: string, now: number): OutboxEntry {
  const refused = JSON.parse(entry.envelope) as Envelope;
  const envelope: Envelope = { ...refused, id, timestamp: Math.min(refused.timestamp, now) };
  return { ...entry, id, envelope: JSON.stringify(envelope) };
}

/** Rank of the priority, which a sender may only lower. */
function rankOf({ type, subtype, priority }: Envelope): number {
  const usual = PRIORITY_RANK[ruleOf(type, subtype)?.priority ?? 'normal'];
  return Math.max(usual, PRIORITY_RANK[priority ?? 'critical']);
}

/** The error as a message shows it. */
export function sendError({ code, error, message }: KonferencoError): SendError {
  return { code, error, message };
}
