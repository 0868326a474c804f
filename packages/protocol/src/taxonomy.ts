/**
 * The message taxonomy: the one table that limits, retention, priority, guarantee and rate all read.
 *
 * Sizes bound the UTF-8 bytes of the payload's JSON. Rates are per sender. Retention is in seconds.
 */

import type { Priority } from './priority.ts';

export type Guarantee = 'best_effort' | 'at_least_once' | 'exactly_once';

/** `count` messages in any window of `per_s` seconds, per sender. */
export interface Rate {
  readonly count: number;
  readonly per_s: number;
}

export interface MessageRule {
  readonly priority: Priority;
  readonly guarantee: Guarantee;
  /** Seconds an entry stays readable in its log; 0: never stored. */
  readonly retention_s: number;
  /** Largest payload, in UTF-8 bytes of JSON. */
  readonly max_bytes: number;
  /** `null`: only the system and an event's operators send it, unlimited. */
  readonly rate: Rate | null;
  /** Subtypes with one bucket name share one rate. */
  readonly bucket: string;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Best-effort traffic is never stored, and a newer value replaces one still waiting (M3). */
const UNSTORED = { guarantee: 'best_effort', retention_s: 0 } as const;

const chat: MessageRule = {
  priority: 'normal',
  guarantee: 'at_least_once',
  retention_s: 90 * DAY,
  max_bytes: 4096,
  rate: { count: 10, per_s: MINUTE },
  bucket: 'chat',
};
const chatCorrection: MessageRule = { ...chat, rate: { count: 30, per_s: MINUTE }, bucket: 'chat.correction' };

const location: MessageRule = {
  priority: 'high',
  guarantee: 'best_effort',
  retention_s: HOUR,
  max_bytes: 256,
  rate: { count: 1, per_s: 1 },
  bucket: 'location',
};
const schedule: MessageRule = {
  priority: 'critical',
  guarantee: 'exactly_once',
  retention_s: 7 * DAY,
  max_bytes: 2048,
  rate: null,
  bucket: 'schedule',
};
const meeting: MessageRule = {
  priority: 'high',
  guarantee: 'exactly_once',
  retention_s: 30 * DAY,
  max_bytes: 2048,
  rate: { count: 20, per_s: HOUR },
  bucket: 'meeting',
};
const marketplace: MessageRule = {
  priority: 'normal',
  guarantee: 'exactly_once',
  retention_s: 90 * DAY,
  max_bytes: 8192,
  rate: { count: 5, per_s: MINUTE },
  bucket: 'marketplace',
};

/**
 * Every message type and subtype that may travel in an envelope.
 *
 * The five families of the requirements, and beside them what a conversation needs: corrections (`edit`,
 * `delete`), read marks and typing, `state` (operations on a person's own replicated sets and fields), what is edited
 * together in a meeting, `signal` (call set-up, never stored) and `alert` (emergencies).
 */
export const TAXONOMY = {
  chat: {
    channel_message: chat,
    direct_message: chat,
    thread_reply: chat,
    mention: chat,
    reaction: { ...chat, max_bytes: 256, bucket: 'chat.reaction' },
    edit: chatCorrection,
    delete: chatCorrection,
    read: {
      ...chat,
      ...UNSTORED,
      priority: 'low',
      max_bytes: 256,
      rate: { count: 60, per_s: MINUTE },
      bucket: 'chat.read',
    },
    typing: {
      ...chat,
      ...UNSTORED,
      priority: 'low',
      max_bytes: 64,
      rate: { count: 30, per_s: MINUTE },
      bucket: 'chat.typing',
    },
  },
  location: { position_update: location, zone_enter: location, zone_exit: location, proximity_alert: location },
  schedule: {
    session_start: schedule,
    session_end: schedule,
    session_change: schedule,
    session_cancelled: schedule,
    speaker_update: schedule,
    attendance: { ...schedule, priority: 'low', bucket: 'schedule.attendance' },
  },
  meeting: {
    request: meeting,
    accept: meeting,
    decline: meeting,
    propose_time: meeting,
    cancel: meeting,
    reminder: meeting,
    agenda_change: { ...meeting, rate: { count: 120, per_s: MINUTE }, bucket: 'meeting.agenda' },
    notes_change: { ...meeting, max_bytes: 8192, rate: { count: 240, per_s: MINUTE }, bucket: 'meeting.notes' },
  },
  state: {
    operation: {
      priority: 'normal',
      guarantee: 'exactly_once',
      retention_s: 30 * DAY,
      max_bytes: 1024,
      rate: { count: 120, per_s: MINUTE },
      bucket: 'state',
    },
  },
  marketplace: {
    listing_new: marketplace,
    listing_update: marketplace,
    inquiry: marketplace,
    offer: marketplace,
    offer_response: marketplace,
    transaction: marketplace,
  },
  signal: {
    signal: {
      ...UNSTORED,
      priority: 'high',
      max_bytes: 16_384,
      rate: { count: 120, per_s: MINUTE },
      bucket: 'signal',
    },
  },
  alert: {
    alert: {
      priority: 'critical',
      guarantee: 'exactly_once',
      retention_s: 30 * DAY,
      max_bytes: 2048,
      rate: null,
      bucket: 'alert',
    },
  },
} as const satisfies Record<string, Record<string, MessageRule>>;

export type MessageType = keyof typeof TAXONOMY;
export type Subtype<T extends MessageType = MessageType> = T extends MessageType
  ? keyof (typeof TAXONOMY)[T] & string
  : never;

const RULES: ReadonlyMap<string, MessageRule> = new Map(
  Object.entries(TAXONOMY).flatMap(([type, subtypes]) =>
    Object.entries(subtypes).map(([subtype, rule]): [string, MessageRule] => [`${type}/${subtype}`, rule]),
  ),
);

/** The rule of a type and subtype, or `undefined` when the taxonomy has no such message. */
export function ruleOf(type: string, subtype: string): MessageRule | undefined {
  return RULES.get(`${type}/${subtype}`);
}
