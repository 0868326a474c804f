import Type, { type Static } from 'typebox';
import { LIMITS } from '../limits.ts';
import { Envelope, Id, Offset, UnixMs, Uuid } from './envelope.ts';

/**
 * Operations on replicated state: what the payloads of `state`, `meeting` and `schedule` envelopes say.
 *
 * Every operation names itself by a dot, `replica:sequence`, and carries a hybrid timestamp: Unix milliseconds × 256
 * plus a logical counter. A replica is one run of a client over one store; it never uses a sequence twice.
 */

const Dot = Type.String({
  pattern: '^[A-Za-z0-9._~-]{1,32}:[1-9][0-9]{0,14}$',
  description: 'Identity of an operation: replica:sequence.',
});
const Timestamp = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Hybrid logical timestamp: Unix ms × 256 + counter.',
});
const Dots = Type.Array(Dot, { maxItems: 64 });
const Name = Type.String({ minLength: 1, maxLength: 120 });
const Place = Type.String({ maxLength: 120 });
const Note = Type.String({ maxLength: 600 });

/** Sets of a person's own: sessions they marked, sessions they go to, people they blocked, channels they joined. */
export const PersonalSet = Type.Union([
  Type.Literal('favourites'),
  Type.Literal('attending'),
  Type.Literal('blocked'),
  Type.Literal('channels'),
]);
export type PersonalSet = Static<typeof PersonalSet>;

/** Fields of a person's own: what others see of them, and how they want this program to be. */
export const PersonalFields = Type.Union([Type.Literal('profile'), Type.Literal('settings')]);
export type PersonalFields = Static<typeof PersonalFields>;

/** `state/operation`, to oneself. In sets the dot is the added element's tag; a removal names the tags it has seen. */
export const StateOperation = Type.Union([
  Type.Object({
    on: PersonalSet,
    op: Type.Literal('add'),
    element: Id,
    dot: Dot,
    at: Timestamp,
    seen: Type.Optional(Type.Array(Dot, { maxItems: 64, description: 'Removals by an organiser already known.' })),
  }),
  Type.Object({
    on: PersonalSet,
    op: Type.Literal('remove'),
    element: Id,
    dot: Dot,
    at: Timestamp,
    tags: Dots,
    admin: Type.Optional(Type.Literal(true, { description: 'By an organiser: wins against a concurrent add.' })),
  }),
  Type.Object({
    on: PersonalFields,
    op: Type.Literal('set'),
    field: Type.String({ pattern: '^[a-z][a-z0-9_.]{0,47}$' }),
    value: Type.Unknown({ description: 'Any JSON of up to 512 bytes; null clears the field.' }),
    dot: Dot,
    at: Timestamp,
  }),
]);
export type StateOperation = Static<typeof StateOperation>;

/** What a write replaces. Without it nothing is known of what its writer had seen. */
const Over = Type.Optional(
  Type.Record(
    Type.String({ maxLength: 64 }),
    Type.Object({ at: Timestamp, replica: Type.String({ pattern: '^[A-Za-z0-9._~-]{1,32}$' }) }),
    {
      maxProperties: 16,
      description:
        'By field, the stamp of the write that stood in the stored log as its writer knew it; a field that none was known of is left out.',
    },
  ),
);

const Slot = { starts_at: UnixMs, ends_at: UnixMs };
const ofMeeting = { meeting: Uuid, dot: Dot, at: Timestamp };

/** `meeting/request`: asks the person it is sent to. The dot names the first proposal. */
export const MeetingRequest = Type.Object({
  ...ofMeeting,
  ...Slot,
  title: Name,
  place: Type.Optional(Place),
  note: Type.Optional(Note),
});
/** `meeting/propose_time`: a counter-proposal, or a new time for a meeting already agreed. The dot names the proposal. */
export const MeetingProposal = Type.Object({ ...ofMeeting, ...Slot, place: Type.Optional(Place), over: Over });
/** `meeting/accept`, `meeting/decline`: the answer to one proposal, and to no other. */
export const MeetingAnswer = Type.Object({ ...ofMeeting, proposal: Dot, reason: Type.Optional(Note) });
/** `meeting/cancel`: for good. */
export const MeetingCancel = Type.Object({ ...ofMeeting, reason: Type.Optional(Note) });
/** `meeting/reminder`: from the system, once per agreed proposal. */
export const MeetingReminder = Type.Object({ meeting: Uuid, proposal: Dot, ...Slot });
/** `meeting/agenda_change`: one item put after another (null: first), changed or taken out. */
export const MeetingAgendaChange = Type.Object({
  ...ofMeeting,
  change: Type.Union([
    Type.Object({ op: Type.Literal('insert'), item: Dot, after: Type.Union([Dot, Type.Null()]), text: Name }),
    Type.Object({ op: Type.Literal('set'), item: Dot, text: Name, done: Type.Boolean() }),
    Type.Object({ op: Type.Literal('remove'), item: Dot }),
  ]),
  over: Over,
});
/** `meeting/notes_change`: an update of the shared minutes, as Yjs encodes it (version 1), base64. */
export const MeetingNotesChange = Type.Object({
  meeting: Uuid,
  update: Type.String({ pattern: '^[A-Za-z0-9+/]+={0,2}$', maxLength: 7_800 }),
});

const Speakers = Type.Array(Type.Object({ name: Name, user_id: Type.Optional(Id) }), { maxItems: 20 });

/** `schedule/session_change`: sets fields of a session; one that is not known yet is put on the programme. */
export const SessionChange = Type.Object({
  session: Id,
  dot: Dot,
  at: Timestamp,
  set: Type.Object({
    title: Type.Optional(Name),
    room: Type.Optional(Place),
    starts_at: Type.Optional(UnixMs),
    ends_at: Type.Optional(UnixMs),
    abstract: Type.Optional(Type.String({ maxLength: 1200 })),
    channel_id: Type.Optional(Id),
    cancelled: Type.Optional(Type.Literal(false, { description: 'Takes a cancellation back.' })),
  }),
  over: Over,
});
/** `schedule/session_cancelled`. */
export const SessionCancelled = Type.Object({
  session: Id,
  dot: Dot,
  at: Timestamp,
  reason: Type.Optional(Note),
  over: Over,
});
/** `schedule/speaker_update`: who speaks, all of them. */
export const SpeakerUpdate = Type.Object({ session: Id, dot: Dot, at: Timestamp, speakers: Speakers, over: Over });
/** `schedule/session_start`, `schedule/session_end`: from the system, once. */
export const SessionTurn = Type.Object({ session: Id, ...Slot });
/** `schedule/attendance`: from the system, at most every few seconds: how many go, by the server's region that counted. */
export const Attendance = Type.Object({
  counts: Type.Array(
    Type.Object({
      session: Id,
      node: Type.String({ maxLength: 32 }),
      positive: Type.Integer({ minimum: 0 }),
      negative: Type.Integer({ minimum: 0 }),
    }),
    { minItems: 1, maxItems: 20 },
  ),
});

export type MeetingRequest = Static<typeof MeetingRequest>;
export type MeetingProposal = Static<typeof MeetingProposal>;
export type MeetingAnswer = Static<typeof MeetingAnswer>;
export type MeetingCancel = Static<typeof MeetingCancel>;
export type MeetingReminder = Static<typeof MeetingReminder>;
export type MeetingAgendaChange = Static<typeof MeetingAgendaChange>;
export type MeetingNotesChange = Static<typeof MeetingNotesChange>;
export type SessionChange = Static<typeof SessionChange>;
export type SessionCancelled = Static<typeof SessionCancelled>;
export type SpeakerUpdate = Static<typeof SpeakerUpdate>;
export type SessionTurn = Static<typeof SessionTurn>;
export type Attendance = Static<typeof Attendance>;

/**
 * What is replicated as documents, and how much of it a device keeps (O1). `schedule` is an event's programme, carried
 * by the log `ev:EVENT`; `personal` is one's own sets, fields and meetings, carried by one's inbox. Messages have their
 * logs; profiles are kept as far as they were seen; of a location the last is kept; presence is never kept.
 */
export const SyncNamespace = Type.Union([Type.Literal('schedule'), Type.Literal('personal')]);
export type SyncNamespace = Static<typeof SyncNamespace>;

export const SyncTrigger = Type.Union([
  Type.Literal('first_connect'),
  Type.Literal('cache_invalid'),
  Type.Literal('reconnect'),
  Type.Literal('periodic'),
]);
export type SyncTrigger = Static<typeof SyncTrigger>;

/** What a sync request asks (O4). Versions are version vectors, `epoch:offset` joined by commas. */
export const SYNC_REQUEST = {
  namespace: SyncNamespace,
  event: Type.Optional(Id),
  since_version: Type.Optional(Type.String({ maxLength: 1024, description: 'Absent: everything, as a snapshot.' })),
  max_operations: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.sync_operations })),
  cursor: Type.Optional(Type.String({ maxLength: 256, description: "The snapshot's next page." })),
  trigger: Type.Optional(SyncTrigger),
};

/** A document of a snapshot: its key within the namespace, and its state as `@konferenco/core` writes it. */
export const SyncDocument = Type.Object({ key: Type.String({ maxLength: 128 }), state: Type.Unknown() });
export type SyncDocument = Static<typeof SyncDocument>;

/**
 * Operations since the version, or, when that version is unknown or beyond the horizon, a snapshot in pages of at most
 * {@link LIMITS.page} documents. A snapshot's `new_version` is that of its first page: apply what comes after again.
 */
export const SyncReply = Type.Object({
  operations: Type.Optional(Type.Array(Type.Object({ offset: Offset, at: UnixMs, envelope: Envelope }))),
  snapshot: Type.Optional(
    Type.Object({ documents: Type.Array(SyncDocument), cursor: Type.Optional(Type.String({ maxLength: 256 })) }),
  ),
  new_version: Type.String(),
  has_more: Type.Boolean(),
});
export type SyncReply = Static<typeof SyncReply>;
