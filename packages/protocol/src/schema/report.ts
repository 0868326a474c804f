import { type Static, Type } from 'typebox';
import { Id, Log, UnixMs, Uuid } from './envelope.ts';

/** A message that somebody reported to the moderators. */
export const Report = Type.Object({
  case: Type.String(),
  event_id: Id,
  log: Log,
  message_id: Uuid,
  reason: Type.String({ maxLength: 1000 }),
  reporter: Id,
  reported: Id,
  status: Type.Union([Type.Literal('open'), Type.Literal('dismissed'), Type.Literal('actioned')]),
  created_at: UnixMs,
  /** What was said, when the reporter may read it: quoted at the time of the report. */
  quote: Type.String(),
});
export type Report = Static<typeof Report>;
