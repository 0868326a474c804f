import Type, { type Static, type TSchema } from 'typebox';
import { Envelope, Id, Log, Offset, UnixMs } from './envelope.ts';
import { SyncReply } from './operation.ts';

/** Why an entry has an offset but no envelope any more. */
export const Gone = Type.Union([Type.Literal('erased'), Type.Literal('expired'), Type.Literal('damaged')]);
export type Gone = Static<typeof Gone>;

const GoneId = Type.String({ description: "With `gone`: the envelope's id, by which later entries speak of it." });
const GoneThread = Type.String({ description: 'With `gone`: root of the thread it was a reply in.' });

/** One entry of a log as a client receives it: its position, the server's time of storing it, and the envelope or why it is gone. */
export const Item = Type.Object({
  offset: Offset,
  at: UnixMs,
  envelope: Type.Optional(Envelope),
  gone: Type.Optional(Gone),
  id: Type.Optional(GoneId),
  thread: Type.Optional(GoneThread),
});
export type Item = Static<typeof Item>;

/** An inbox entry points at an entry of another log and carries that entry with it. */
export const InboxItem = Type.Object({
  inbox: Offset,
  reason: Type.Union([Type.Literal('direct'), Type.Literal('mention'), Type.Literal('notice'), Type.Literal('state')]),
  log: Log,
  offset: Offset,
  at: UnixMs,
  envelope: Type.Optional(Envelope),
  gone: Type.Optional(Gone),
  id: Type.Optional(GoneId),
  thread: Type.Optional(GoneThread),
});
export type InboxItem = Static<typeof InboxItem>;

/** Offsets `from` to `to`, both included, that will not come: trimmed by retention, or lost to damage and reported as such. */
export const Gap = Type.Object({
  from: Offset,
  to: Offset,
  reason: Type.Union([Type.Literal('retention'), Type.Literal('damage')]),
});
export type Gap = Static<typeof Gap>;

/** Where a log stands: the oldest offset still kept and the newest one; 0 and 0 when nothing was ever said. */
export const LogState = Type.Object({ first: Offset, head: Offset });
export type LogState = Static<typeof LogState>;

/** Live entries of a subscribed log, in the order of their offsets. */
export const Message = Type.Object({ type: Type.Literal('message'), log: Log, items: Type.Array(Item) });

/** Live entries of one's own inbox: direct messages, mentions, notices. Never subscribed to; they always come. */
export const Inbox = Type.Object({ type: Type.Literal('inbox'), items: Type.Array(InboxItem) });

/** Best-effort traffic: typing, read marks, signals. It has no position and is not repeated. */
export const Transient = Type.Object({ type: Type.Literal('transient'), log: Log, envelope: Envelope });

/** The answer to the frame with the same `ref`; the form of `data` depends on that frame (see the reply types). */
export const Reply = Type.Object({ type: Type.Literal('reply'), ref: Type.Integer(), data: Type.Unknown() });

/** Refusal of the frame with this `ref`, or, without one, of whatever came. */
export const ErrorFrame = Type.Object({
  type: Type.Literal('error'),
  ref: Type.Optional(Type.Integer()),
  code: Type.Integer(),
  error: Type.String({ description: "The code's name in the registry." }),
  message: Type.String(),
  retry_after_ms: Type.Optional(Type.Integer({ minimum: 0 })),
});

/** More was said than people can read: offsets `from` to `to` were not sent but are in the log. */
export const Skipped = Type.Object({ type: Type.Literal('skipped'), log: Log, from: Offset, to: Offset });

/** Frames for this log were dropped because the connection was too slow; subscribe again and fetch from the cursor. */
export const Resync = Type.Object({ type: Type.Literal('resync'), log: Log });

/** Answer with the same nonce; 90 s without any frame ends the session. */
export const Heartbeat = Type.Object({ type: Type.Literal('heartbeat'), nonce: Type.Integer(), server_time: UnixMs });

/** Connect again within this time, at a moment of your own choosing; the node is going away. */
export const Migrate = Type.Object({ type: Type.Literal('migrate'), within_ms: Type.Integer({ minimum: 0 }) });

export const PresenceStatus = Type.Union([
  Type.Literal('online'),
  Type.Literal('away'),
  Type.Literal('busy'),
  Type.Literal('offline'),
]);
export type PresenceStatus = Static<typeof PresenceStatus>;

/**
 * Who is here. With `channel`, of that channel: `users` lists the changed ones (all of them when `full`; `offline`: gone from
 * the channel) and stays empty above 200 people, up to which `count` is exact. Without `channel`, of watched people.
 */
export const Presence = Type.Object({
  type: Type.Literal('presence'),
  channel: Type.Optional(Id),
  count: Type.Optional(Type.Integer({ minimum: 0 })),
  full: Type.Optional(Type.Boolean()),
  users: Type.Array(Type.Object({ user_id: Id, status: PresenceStatus })),
});

/** Something about a channel, membership or setting that concerns this user changed; fetch it over REST. */
export const Changed = Type.Object({
  type: Type.Literal('changed'),
  what: Type.Union([
    Type.Literal('channel'),
    Type.Literal('membership'),
    Type.Literal('profile'),
    Type.Literal('blocks'),
  ]),
  id: Id,
});

export const SERVER_FRAMES = {
  message: Message,
  inbox: Inbox,
  transient: Transient,
  reply: Reply,
  error: ErrorFrame,
  skipped: Skipped,
  resync: Resync,
  heartbeat: Heartbeat,
  migrate: Migrate,
  presence: Presence,
  changed: Changed,
} as const satisfies Record<string, TSchema>;

export type ServerFrameType = keyof typeof SERVER_FRAMES;
export type ServerFrameOf<T extends ServerFrameType> = Static<(typeof SERVER_FRAMES)[T]>;
export type ServerFrame = { [T in ServerFrameType]: ServerFrameOf<T> }[ServerFrameType];

const RefusedLog = Type.Object({ code: Type.Integer(), error: Type.String(), message: Type.String() });

/** The `data` of a reply, by the type of the frame it answers. */
export const REPLIES = {
  hello: Type.Object({
    user_id: Id,
    device_id: Id,
    node: Type.String(),
    epoch: Type.String({
      description: 'Identity of the store; when it differs from the one you know, fetch everything again.',
    }),
    server_time: UnixMs,
    heartbeat_ms: Type.Integer(),
    expires_at: Type.Union([UnixMs, Type.Null()], {
      description: 'When the credentials end; null: not before the connection does.',
    }),
    inbox: Type.Object({
      cursor: Type.Union([Offset, Type.Null()], {
        description: "This device's acknowledged position; null: a new device.",
      }),
      first: Offset,
      head: Offset,
    }),
  }),
  auth: Type.Object({ expires_at: Type.Union([UnixMs, Type.Null()]) }),
  subscribe: Type.Object({ logs: Type.Record(Type.String(), Type.Union([LogState, RefusedLog])) }),
  unsubscribe: Type.Object({}),
  publish: Type.Object({ log: Log, offset: Offset, at: UnixMs, duplicate: Type.Optional(Type.Boolean()) }),
  history: Type.Object({
    log: Log,
    items: Type.Array(Type.Union([InboxItem, Item])),
    first: Offset,
    head: Offset,
    has_more: Type.Boolean(),
    gap: Type.Optional(Gap),
  }),
  sync: SyncReply,
  presence: Type.Object({}),
  watch: Type.Object({}),
} as const satisfies Record<string, TSchema>;
export type ReplyOf<T extends keyof typeof REPLIES> = Static<(typeof REPLIES)[T]>;

/** A delivered chat in short mode (P7): one flat object. */
export const ShortMessage = Type.Object({
  type: Type.Literal('chat'),
  channel: Id,
  from: Id,
  text: Type.String(),
  timestamp: UnixMs,
  id: Type.String(),
  offset: Offset,
});
export type ShortMessage = Static<typeof ShortMessage>;
