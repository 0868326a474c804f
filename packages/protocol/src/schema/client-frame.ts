import Type, { type Static, type TSchema } from 'typebox';
import { LIMITS } from '../limits.ts';
import { Envelope, Id, Log, Offset } from './envelope.ts';
import { SYNC_REQUEST } from './operation.ts';

const Ref = Type.Integer({
  minimum: 1,
  maximum: 2 ** 53 - 1,
  description: 'Chosen by the client; its reply or error carries the same.',
});
const Status = Type.Union([Type.Literal('online'), Type.Literal('away'), Type.Literal('busy')]);

/**
 * First frame of every connection, within 3 s. The ticket or token was given with the upgrade. With `inbox`, the inbox's
 * entries after it are sent, or `resync` where they are too many.
 */
export const Hello = Type.Object({
  type: Type.Literal('hello'),
  ref: Ref,
  device_id: Type.Optional(Id),
  client: Type.Optional(Type.String({ maxLength: 64, description: 'Name and version of the client program.' })),
  status: Type.Optional(Status),
  inbox: Type.Optional(Offset),
  capabilities: Type.Optional(Type.Array(Type.String({ maxLength: 32 }), { maxItems: 16 })),
});

/** A fresh access token for the same user, before the old one ends. */
export const Auth = Type.Object({ type: Type.Literal('auth'), ref: Ref, token: Type.String({ maxLength: 4096 }) });

/**
 * From now on, live entries of these logs. The reply says where each log stands; `history` fetches what is missing. Of a
 * log that `after` names, the entries after that offset are sent, or `resync` where they are too many.
 */
export const Subscribe = Type.Object({
  type: Type.Literal('subscribe'),
  ref: Ref,
  logs: Type.Array(Log, { minItems: 1, maxItems: LIMITS.subscriptions }),
  after: Type.Optional(Type.Record(Type.String({ maxLength: 132 }), Offset, { maxProperties: LIMITS.subscriptions })),
});

export const Unsubscribe = Type.Object({
  type: Type.Literal('unsubscribe'),
  ref: Ref,
  logs: Type.Array(Log, { minItems: 1, maxItems: LIMITS.subscriptions }),
});

/** Without `ref` only an error is answered: for best-effort traffic. */
export const Publish = Type.Object({
  type: Type.Literal('publish'),
  ref: Type.Optional(Ref),
  envelope: Envelope,
  after: Type.Optional(
    Type.String({
      maxLength: 64,
      description:
        'Id of an earlier envelope of this connection that is not answered yet and must not be overtaken: was it refused in a way that lets it be sent again, this one is refused as out_of_turn.',
    }),
  ),
});

/** "My device has safely kept its inbox up to `inbox`." */
export const Ack = Type.Object({ type: Type.Literal('ack'), inbox: Offset });

/** Entries after or before an offset, oldest first; with neither, the newest page. With `thread`, its replies alone. */
export const History = Type.Object({
  type: Type.Literal('history'),
  ref: Ref,
  log: Log,
  after: Type.Optional(Offset),
  before: Type.Optional(Offset),
  thread: Type.Optional(Type.String({ maxLength: 36 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.page })),
});

/** Replicated state: what changed since a version, or all of it. */
export const Sync = Type.Object({ type: Type.Literal('sync'), ref: Ref, ...SYNC_REQUEST });

/** Sets one's own status. */
export const PresenceSet = Type.Object({ type: Type.Literal('presence'), ref: Type.Optional(Ref), status: Status });

/** Who is here: of a channel, and of people. Replaces what was watched before. */
export const Watch = Type.Object({
  type: Type.Literal('watch'),
  ref: Ref,
  channels: Type.Optional(Type.Array(Id, { maxItems: 8 })),
  users: Type.Optional(Type.Array(Id, { maxItems: 200 })),
});

/** Answer to the server's heartbeat; needed only from who has sent nothing for 35 s. */
export const HeartbeatEcho = Type.Object({ type: Type.Literal('heartbeat'), nonce: Type.Integer({ minimum: 0 }) });

export const CLIENT_FRAMES = {
  hello: Hello,
  auth: Auth,
  subscribe: Subscribe,
  unsubscribe: Unsubscribe,
  publish: Publish,
  ack: Ack,
  history: History,
  sync: Sync,
  presence: PresenceSet,
  watch: Watch,
  heartbeat: HeartbeatEcho,
} as const satisfies Record<string, TSchema>;

export type ClientFrameType = keyof typeof CLIENT_FRAMES;
export type ClientFrameOf<T extends ClientFrameType> = Static<(typeof CLIENT_FRAMES)[T]>;
export type ClientFrame = { [T in ClientFrameType]: ClientFrameOf<T> }[ClientFrameType];

/** The short frames of a simple load script (P7): no hello, no refs, no acks. */
export const ShortSubscribe = Type.Object({ type: Type.Literal('subscribe'), channel: Id });
export const ShortChat = Type.Object({
  type: Type.Literal('chat'),
  channel: Id,
  text: Type.String({ minLength: 1, maxLength: 4096 }),
  timestamp: Type.Optional(Type.Integer({ minimum: 0 })),
});
export const SHORT_FRAMES = { subscribe: ShortSubscribe, chat: ShortChat } as const satisfies Record<string, TSchema>;
export type ShortFrame = Static<typeof ShortSubscribe> | Static<typeof ShortChat>;
