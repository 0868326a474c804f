import { LIMITS } from '@konferenco/protocol';
import type { OutboxNews } from '../outbox-news.ts';
import type { PortId } from './multiplex-state.ts';
import type { Rewording } from './types.ts';

/** What a tab says of its outbox. `discard` and `reword`: please do this to an entry of yours, the person asked for it here. */
export type OutboxNotice =
  | OutboxNews
  | { readonly kind: 'discard'; readonly id: string }
  | ({ readonly kind: 'reword' } & Rewording);

/**
 * What tabs say to each other. `from` and `to` name a tab, or, where an owner speaks or is spoken to, one term of
 * office: a tab that loses the connection and wins it again is another owner.
 */
export type TabMessage =
  /** Who owns the connection? */
  | { readonly kind: 'seek'; readonly from: string }
  /** I do: to one that asked, or to all on taking office. */
  | { readonly kind: 'owner'; readonly from: string; readonly to: string | null }
  /** Not I, or not any more. */
  | { readonly kind: 'retired'; readonly from: string }
  | { readonly kind: 'ping'; readonly from: string; readonly to: string }
  | { readonly kind: 'pong'; readonly from: string; readonly to: string }
  /** Join the connection; should there be none, open it by this address. */
  | {
      readonly kind: 'open';
      readonly from: string;
      readonly to: string;
      readonly port: PortId;
      readonly url: string;
      readonly protocol: string;
    }
  | { readonly kind: 'opened'; readonly from: string; readonly port: PortId }
  /** A frame for the server, the `seq`-th of this port. */
  | {
      readonly kind: 'say';
      readonly from: string;
      readonly to: string;
      readonly port: PortId;
      readonly seq: number;
      readonly text: string;
    }
  | { readonly kind: 'leave'; readonly from: string; readonly to: string; readonly port: PortId }
  /** A frame of the server for these ports, each with its count. */
  | {
      readonly kind: 'hear';
      readonly from: string;
      readonly ports: readonly (readonly [PortId, number])[];
      readonly text: string;
    }
  | {
      readonly kind: 'closed';
      readonly from: string;
      readonly ports: readonly PortId[];
      readonly code: number;
      readonly reason: string;
      readonly alone: boolean;
    }
  /** What became of an entry of this tab's outbox. */
  | { readonly kind: 'notice'; readonly from: string; readonly notice: OutboxNotice }
  /** Which entries does each of you send? */
  | { readonly kind: 'claims'; readonly from: string }
  | { readonly kind: 'claim'; readonly from: string; readonly to: string; readonly ids: readonly string[] }
  /** A tab that used the connection is no more. */
  | { readonly kind: 'gone'; readonly from: string; readonly tab: string }
  /** Conflicts were told or put away here: see the store. */
  | { readonly kind: 'conflicts'; readonly from: string }
  /** The person signed out in this tab. */
  | { readonly kind: 'signed_out'; readonly from: string };

/** Server frames are smaller; pages of history may be larger than one frame. UTF-16 units. */
export const TEXT_MAX = 1_048_576;
const NAME_MAX = 128;
const URL_MAX = 8_192;
const PORTS_MAX = 64;

type Check = (value: unknown) => boolean;
const text =
  (max: number): Check =>
  (value) =>
    typeof value === 'string' && value.length <= max;
const name = text(NAME_MAX);
const whole: Check = (value) => Number.isSafeInteger(value);
const listOf =
  (one: Check, max: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= max && value.every(one);
const objectOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(checks).every(([key, check]) => check((value as Record<string, unknown>)[key]));
const numbered: Check = (value) => Array.isArray(value) && value.length === 2 && name(value[0]) && whole(value[1]);

const ENTRY = objectOf({ id: name, log: text(512), envelope: text(2 * LIMITS.frame_bytes), created_at: whole });
const STORED = objectOf({ log: text(512), offset: whole, at: whole });
const FAILURE = objectOf({ code: whole, error: name, message: text(1_024) });
const NOTICES: Readonly<Record<string, Check>> = {
  saving: objectOf({ entry: ENTRY }),
  queued: objectOf({ entry: ENTRY, error: (value) => value === undefined || FAILURE(value) }),
  sent: objectOf({ entry: ENTRY }),
  stored: objectOf({ entry: ENTRY, reply: STORED }),
  failed: objectOf({ entry: ENTRY, error: FAILURE }),
  renamed: objectOf({ entry: ENTRY, was: name }),
  dropped: objectOf({ entry: ENTRY }),
  discard: objectOf({ id: name }),
  reword: objectOf({
    log: text(512),
    id: name,
    text: text(LIMITS.frame_bytes),
    mentions: listOf(name, LIMITS.mentions),
  }),
};
const notice: Check = (value) => {
  const kind = (value as { kind?: unknown } | null)?.kind;
  return typeof kind === 'string' && Object.hasOwn(NOTICES, kind) && NOTICES[kind]?.(value) === true;
};

const MESSAGES: Readonly<Record<TabMessage['kind'], Check>> = {
  seek: objectOf({}),
  owner: objectOf({ to: (value) => value === null || name(value) }),
  retired: objectOf({}),
  ping: objectOf({ to: name }),
  pong: objectOf({ to: name }),
  open: objectOf({ to: name, port: name, url: text(URL_MAX), protocol: name }),
  opened: objectOf({ port: name }),
  say: objectOf({ to: name, port: name, seq: whole, text: text(LIMITS.frame_bytes) }),
  leave: objectOf({ to: name, port: name }),
  hear: objectOf({ ports: listOf(numbered, PORTS_MAX), text: text(TEXT_MAX) }),
  closed: objectOf({
    ports: listOf(name, PORTS_MAX),
    code: whole,
    reason: text(512),
    alone: (value) => typeof value === 'boolean',
  }),
  notice: objectOf({ notice }),
  claims: objectOf({}),
  claim: objectOf({ to: name, ids: listOf(name, LIMITS.outbox_entries) }),
  gone: objectOf({ tab: name }),
  conflicts: objectOf({}),
  signed_out: objectOf({}),
};

/** The message, or `null` for anything that is not one of this version or is larger than its kind may be. */
export function readTabMessage(value: unknown): TabMessage | null {
  if (typeof value !== 'object' || value === null) return null;
  const { kind, from } = value as Partial<TabMessage>;
  if (typeof kind !== 'string' || !Object.hasOwn(MESSAGES, kind) || !name(from)) return null;
  return MESSAGES[kind](value) ? (value as TabMessage) : null;
}
