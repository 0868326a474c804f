import Type, { type Static, type TSchema } from 'typebox';
import { LIMITS } from '../limits.ts';
import { Attachments } from './attachment.ts';
import { Id, Log, Offset, Uuid } from './envelope.ts';
import {
  Attendance,
  MeetingAgendaChange,
  MeetingAnswer,
  MeetingCancel,
  MeetingNotesChange,
  MeetingProposal,
  MeetingReminder,
  MeetingRequest,
  SessionCancelled,
  SessionChange,
  SessionTurn,
  SpeakerUpdate,
  StateOperation,
} from './operation.ts';
import { PositionPayload } from './position.ts';

const Mentions = Type.Array(Id, { maxItems: LIMITS.mentions, description: 'Users the text names.' });
const Text = Type.String({ minLength: 1, maxLength: 4096 });

/** A message with attachments need not say anything. */
const Caption = Type.String({ maxLength: 4096, description: 'Empty only beside attachments.' });

const After = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      'Last entry of the log the author had seen; by it a message that arrives late stands where it was written.',
  }),
);

export const TextPayload = Type.Object({
  text: Caption,
  attachments: Type.Optional(Attachments),
  mentions: Type.Optional(Mentions),
  reply_to: Type.Optional(Uuid),
  after: After,
});
export type TextPayload = Static<typeof TextPayload>;

export const ThreadReplyPayload = Type.Object({
  text: Caption,
  attachments: Type.Optional(Attachments),
  thread: Uuid,
  mentions: Type.Optional(Mentions),
  after: After,
});
export type ThreadReplyPayload = Static<typeof ThreadReplyPayload>;

export const ReactionPayload = Type.Object({
  target: Uuid,
  emoji: Type.String({ minLength: 1, maxLength: 32 }),
  op: Type.Union([Type.Literal('add'), Type.Literal('remove')]),
});
export type ReactionPayload = Static<typeof ReactionPayload>;

export const EditPayload = Type.Object({ target: Uuid, text: Text, mentions: Type.Optional(Mentions) });
export type EditPayload = Static<typeof EditPayload>;

export const DeletePayload = Type.Object({ target: Uuid });
export type DeletePayload = Static<typeof DeletePayload>;

/** "I have read `log` up to `offset`." */
export const ReadPayload = Type.Object({ log: Log, offset: Offset });
export type ReadPayload = Static<typeof ReadPayload>;

export const TypingPayload = Type.Object({ active: Type.Boolean() });
export type TypingPayload = Static<typeof TypingPayload>;

/**
 * An encrypted payload: each device receives only its own part. Files that the sealed parts tell of are named beside them,
 * so that their bytes, which are encrypted too, stay as long as the message.
 */
export const SealedPayload = Type.Object({
  sealed: Type.Array(Type.Object({ device: Id, bytes: Type.String({ maxLength: 32_768 }) }), {
    minItems: 1,
    maxItems: 256,
  }),
  attachments: Type.Optional(Type.Array(Uuid, { minItems: 1, maxItems: LIMITS.attachments })),
});
export type SealedPayload = Static<typeof SealedPayload>;

/** Payloads with a form of their own; every other subtype carries any JSON object within its size. */
export const PAYLOADS: Readonly<Record<string, TSchema>> = {
  'chat/channel_message': TextPayload,
  'chat/direct_message': TextPayload,
  'chat/mention': TextPayload,
  'chat/thread_reply': ThreadReplyPayload,
  'chat/reaction': ReactionPayload,
  'chat/edit': EditPayload,
  'chat/delete': DeletePayload,
  'chat/read': ReadPayload,
  'chat/typing': TypingPayload,
  'location/position_update': PositionPayload,
  'state/operation': StateOperation,
  'meeting/request': MeetingRequest,
  'meeting/propose_time': MeetingProposal,
  'meeting/accept': MeetingAnswer,
  'meeting/decline': MeetingAnswer,
  'meeting/cancel': MeetingCancel,
  'meeting/reminder': MeetingReminder,
  'meeting/agenda_change': MeetingAgendaChange,
  'meeting/notes_change': MeetingNotesChange,
  'schedule/session_change': SessionChange,
  'schedule/session_cancelled': SessionCancelled,
  'schedule/speaker_update': SpeakerUpdate,
  'schedule/session_start': SessionTurn,
  'schedule/session_end': SessionTurn,
  'schedule/attendance': Attendance,
};
