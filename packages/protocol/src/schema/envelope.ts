import Type, { type Static } from 'typebox';
import { ID_PATTERN, UUID_V7_PATTERN } from '../id.ts';

export const Id = Type.String({ pattern: ID_PATTERN, description: 'A user, device, channel or event id.' });
export const Uuid = Type.String({ pattern: UUID_V7_PATTERN, description: 'UUID v7, lower case.' });
export const UnixMs = Type.Integer({ minimum: 0, maximum: 8.64e15, description: 'Unix time in milliseconds.' });
export const Offset = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Position in a log; the first entry has 1.',
});
export const Log = Type.String({
  minLength: 4,
  maxLength: 132,
  description: 'A log name: ch:CHANNEL, dm:USER:USER, ev:EVENT, me:USER or in:USER.',
});

/**
 * The envelope (M1): what a person or a system says, to whom, and with which care.
 *
 * `priority`, `ttl` and `delivery` default to the taxonomy's; a sender may only lower them. A signature covers the
 * RFC 8785 form of the envelope without `signature`. With `encrypted`, the payload is `sealed`: one part a device,
 * opaque to the server.
 */
export const Envelope = Type.Object(
  {
    id: Uuid,
    type: Type.String({ maxLength: 32 }),
    subtype: Type.String({ maxLength: 32 }),
    from: Type.Object(
      { user_id: Id, device_id: Type.Optional(Id), session_id: Type.Optional(Id) },
      { additionalProperties: false },
    ),
    to: Type.Object(
      {
        type: Type.Union([Type.Literal('user'), Type.Literal('channel'), Type.Literal('broadcast')]),
        id: Id,
        event_id: Type.Optional(Id),
      },
      { additionalProperties: false },
    ),
    payload: Type.Record(Type.String(), Type.Unknown()),
    timestamp: UnixMs,
    ttl: Type.Optional(Type.Integer({ minimum: 1, maximum: 31_536_000, description: 'Seconds until it expires.' })),
    priority: Type.Optional(
      Type.Union([Type.Literal('low'), Type.Literal('normal'), Type.Literal('high'), Type.Literal('critical')]),
    ),
    delivery: Type.Optional(
      Type.Object(
        {
          required_ack: Type.Boolean(),
          retry_policy: Type.Union([Type.Literal('none'), Type.Literal('exponential'), Type.Literal('linear')]),
          max_retries: Type.Integer({ minimum: 0, maximum: 5 }),
          dedup_window: Type.Integer({ minimum: 0, maximum: 691_200, description: 'Seconds.' }),
        },
        { additionalProperties: false },
      ),
    ),
    signature: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{86}$', description: 'Ed25519, base64url.' })),
    encrypted: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, $id: 'Envelope' },
);
export type Envelope = Static<typeof Envelope>;
