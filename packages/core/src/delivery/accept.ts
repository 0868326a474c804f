import {
  channelLog,
  type DeletePayload,
  directLog,
  type Envelope,
  type ErrorName,
  eventLog,
  LIMITS,
  type LogName,
  type MessageRule,
  personalLog,
  PRIORITY_RANK,
  ruleOf,
  type ThreadReplyPayload,
  timeOfUuid,
} from '@konferenco/protocol';
import { payloadError } from '@konferenco/protocol/schema';
import type { PointerReason } from '../ports/store.ts';
import { isOperationType } from '../sync/documents.ts';
import { isLargerThan } from './json-size.ts';

/** Who sends, and when. */
export interface Sender {
  readonly user: string;
  /** Unix ms. */
  readonly now: number;
}

/** What becomes of an envelope. */
export type Acceptance = Stored | Transient | Refusal;

interface Accepted {
  readonly rule: MessageRule;
  readonly log: LogName;
  /** The envelope as it is stored and sent: its JSON, made once. */
  readonly json: string;
}

/** To be appended to its log. */
export interface Stored extends Accepted {
  readonly kind: 'store';
  readonly rank: number;
  readonly entry: EntryDraft;
}

/** Best effort: to be sent at once or never. */
export interface Transient extends Accepted {
  readonly kind: 'transient';
  readonly key: string;
  readonly to?: string;
}

export interface Refusal {
  readonly kind: 'refused';
  readonly error: ErrorName;
  readonly detail: string;
  readonly retry_after_ms?: number;
}

/** What the store needs to know of an accepted envelope beside its JSON. */
export interface EntryDraft {
  /** Unix ms: the sooner of the type's retention and the sender's ttl. */
  readonly expires_at: number;
  readonly notify: readonly { readonly user: string; readonly reason: PointerReason }[];
  readonly thread?: string;
  readonly text?: string;
  /** Message that an edit, deletion or reaction is about. */
  readonly target?: string;
}

/**
 * Decides what becomes of an envelope from what it says alone: its type's rule, size, id, sender and address.
 * Permission and rate are checked by the caller, who knows the sender's standing.
 */
export function accept(envelope: Envelope, sender: Sender): Acceptance {
  const rule = ruleOf(envelope.type, envelope.subtype);
  if (!rule) return refuse('unknown_type', `${envelope.type}/${envelope.subtype}`);
  if (envelope.from.user_id !== sender.user) return refuse('sender_mismatch', 'from.user_id');
  const age = sender.now - timeOfUuid(envelope.id);
  if (age > LIMITS.id_age_ms || age < -LIMITS.id_ahead_ms) return refuse('id_out_of_range', 'id');
  if (envelope.encrypted && isOperationType(envelope.type)) return refuse('invalid', 'encrypted');
  const wrong = payloadError(envelope);
  if (wrong !== null) return refuse('invalid', wrong);
  const json = JSON.stringify(envelope);
  // No UTF-16 unit takes more than three bytes, so most envelopes show at a glance that their payload is small enough.
  if (json.length * 3 > rule.max_bytes && isLargerThan(envelope.payload, rule.max_bytes)) {
    return refuse('too_large', `payload over ${rule.max_bytes} bytes`);
  }
  const log = logOf(envelope, sender.user);
  if (rule.retention_s === 0) {
    const to = envelope.to.type === 'user' ? { to: envelope.to.id } : {};
    return { kind: 'transient', rule, log, json, key: transientKey(envelope), ...to };
  }
  return { kind: 'store', rule, log, json, rank: rankOf(envelope, rule), entry: draft(envelope, rule, sender) };
}

function refuse(error: ErrorName, detail: string): Refusal {
  return { kind: 'refused', error, detail };
}

/** The log an envelope belongs to, seen from its sender. */
export function logOf(envelope: Envelope, sender: string): LogName {
  if (envelope.type === 'state') return personalLog(sender);
  switch (envelope.to.type) {
    case 'user':
      return directLog(sender, envelope.to.id);
    case 'channel':
      return channelLog(envelope.to.id);
    case 'broadcast':
      return eventLog(envelope.to.id);
  }
}

/** A newer transient with the same key replaces one still waiting, except signals: each of those counts. */
function transientKey(envelope: Envelope): string {
  return envelope.type === 'signal' ? envelope.id : `${envelope.from.user_id}/${envelope.type}/${envelope.subtype}`;
}

/** Rank of the priority, which a sender may only lower. */
function rankOf(envelope: Envelope, rule: MessageRule): number {
  return Math.max(PRIORITY_RANK[rule.priority], PRIORITY_RANK[envelope.priority ?? rule.priority]);
}

function draft(envelope: Envelope, rule: MessageRule, sender: Sender): EntryDraft {
  // Operations make up documents: those who were away need each for as long as any.
  const ttl = isOperationType(envelope.type) ? undefined : envelope.ttl;
  const ttl_s = Math.min(ttl ?? rule.retention_s, rule.retention_s);
  const common = { expires_at: sender.now + ttl_s * 1000, notify: notified(envelope, sender.user) };
  if (envelope.encrypted || envelope.type !== 'chat') return common;
  // The payload's form was checked against its subtype, so these members are what their names say.
  const { text, thread, target, attachments } = envelope.payload as Partial<ThreadReplyPayload & DeletePayload>;
  // A file is found by its name, and by what it shows.
  const words = [text, ...(attachments ?? []).flatMap(({ name, alt }) => [name, alt])].filter(Boolean).join('\n');
  return {
    ...common,
    ...(words === '' || envelope.subtype === 'edit' ? {} : { text: words }),
    ...(thread === undefined ? {} : { thread }),
    ...(target === undefined ? {} : { target }),
  };
}

/** Who gets a pointer in the inbox: both people of a direct conversation, and whoever a message in a channel mentions. */
function notified(envelope: Envelope, sender: string): EntryDraft['notify'] {
  if (envelope.type === 'state') return [{ user: sender, reason: 'state' }];
  // Where somebody is, is nothing to be told of: who wants to know reads it.
  if (envelope.type === 'location') return [];
  if (envelope.to.type === 'user') {
    const users = envelope.to.id === sender ? [sender] : [sender, envelope.to.id];
    return users.map((user) => ({ user, reason: 'direct' }));
  }
  const mentions = envelope.encrypted ? undefined : (envelope.payload as { mentions?: readonly string[] }).mentions;
  if (envelope.type !== 'chat' || !mentions) return [];
  return [...new Set(mentions)].filter((user) => user !== sender).map((user) => ({ user, reason: 'mention' }));
}
