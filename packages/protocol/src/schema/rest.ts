import Type, { type Static, type TSchema } from 'typebox';
import { SYNC_REQUEST, SyncReply } from './operation.ts';
import { Gap, InboxItem, Item, LogState } from './server-frame.ts';
import { ATTACHMENT_ROUTES, AttachmentRules } from './attachment.ts';
import { Id, Log, Offset, UnixMs, Uuid } from './envelope.ts';
import { OPERATOR_ROUTES } from './operator.ts';
import { POSITION_ROUTES } from './position.ts';
import { Report } from './report.ts';
import type { Route } from './route.ts';

/** The REST surface: one table that the server validates with, OpenAPI is generated from and the client's types follow. */

const Name = Type.String({ minLength: 1, maxLength: 80 });
export const Role = Type.Union([
  Type.Literal('owner'),
  Type.Literal('moderator'),
  Type.Literal('speaker'),
  Type.Literal('exhibitor'),
  Type.Literal('attendee'),
]);
export type Role = Static<typeof Role>;

/** `public`: every member of the event reads and writes; `announce`: all read, speakers and above write; `private`: its members only. */
export const Visibility = Type.Union([Type.Literal('public'), Type.Literal('private'), Type.Literal('announce')]);
export type Visibility = Static<typeof Visibility>;

export const User = Type.Object({ id: Id, name: Name, about: Type.Optional(Type.String({ maxLength: 280 })) });
export type User = Static<typeof User>;

export const Tokens = Type.Object({
  access_token: Type.String({ description: 'EdDSA JWT, short-lived: Authorization: Bearer.' }),
  expires_at: UnixMs,
  refresh_token: Type.String({ description: 'Single use; every refresh returns a new one.' }),
  user: User,
  device_id: Id,
});
export type Tokens = Static<typeof Tokens>;

export const Session = Type.Object({
  id: Id,
  title: Type.String({ minLength: 1, maxLength: 120 }),
  room: Type.String({ maxLength: 120 }),
  starts_at: UnixMs,
  ends_at: UnixMs,
  speakers: Type.Array(Type.Object({ name: Name, user_id: Type.Optional(Id) })),
  abstract: Type.String({ maxLength: 2000 }),
  channel_id: Type.Optional(Id),
});
export type Session = Static<typeof Session>;

export const EventInfo = Type.Object({
  id: Id,
  title: Name,
  role: Role,
  time_zone: Type.String({ maxLength: 64, description: "The venue's IANA zone." }),
  members: Type.Integer(),
});
export type EventInfo = Static<typeof EventInfo>;

export const Channel = Type.Object({
  id: Id,
  event_id: Id,
  title: Name,
  topic: Type.String({ maxLength: 280 }),
  visibility: Visibility,
  archived: Type.Boolean(),
  created_by: Type.String(),
  /** Whether the caller joined it, and whether the caller may write in it. */
  joined: Type.Boolean(),
  may_post: Type.Boolean(),
  /** Whether the caller may change the channel, and add and remove people. */
  may_moderate: Type.Optional(Type.Boolean()),
});
export type Channel = Static<typeof Channel>;

/** A line of the conversation list: a joined channel or a direct conversation. `read` is the caller's read mark. */
export const ConversationInfo = Type.Object({
  log: Log,
  state: LogState,
  read: Offset,
  last: Type.Optional(Item),
  muted: Type.Boolean(),
  peer: Type.Optional(User),
  channel: Type.Optional(Channel),
  /** The peer's read mark in a direct conversation. */
  peer_read: Type.Optional(Offset),
});
export type ConversationInfo = Static<typeof ConversationInfo>;

export const Member = Type.Object({
  user: User,
  role: Role,
  /** Of a channel's members: moderates this channel, whatever the role in the event. */
  moderates: Type.Optional(Type.Boolean()),
});
export type Member = Static<typeof Member>;

export const Invite = Type.Object({
  code: Type.String(),
  event_id: Id,
  event_title: Name,
  role: Role,
  url: Type.String(),
  expires_at: UnixMs,
  uses_left: Type.Integer(),
});
export type Invite = Static<typeof Invite>;

export const SearchHit = Type.Object({
  log: Log,
  item: Item,
  snippet: Type.String({ description: 'Matches stand between U+0002 and U+0003.' }),
});
export type SearchHit = Static<typeof SearchHit>;

const Empty = Type.Object({});
const Cursor = Type.Optional(Type.String({ maxLength: 256 }));
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 100 }));
const page = <T extends TSchema>(items: T) =>
  Type.Object({ items: Type.Array(items), next: Type.Optional(Type.String()) });

export const ROUTES = {
  signIn: {
    method: 'POST',
    path: '/api/session',
    auth: 'none',
    summary: 'Sign in by invitation, or by name alone in demo mode.',
    body: Type.Object({
      name: Name,
      invite: Type.Optional(Type.String({ maxLength: 64 })),
      device_id: Type.Optional(Id),
    }),
    response: Tokens,
  },
  refresh: {
    method: 'POST',
    path: '/api/session/refresh',
    auth: 'none',
    summary: 'New tokens for a refresh token. A refresh token used twice ends the session.',
    body: Type.Object({ refresh_token: Type.String({ maxLength: 256 }) }),
    response: Tokens,
  },
  signOut: {
    method: 'DELETE',
    path: '/api/session',
    auth: 'user',
    summary: 'End this session everywhere at once.',
    response: Empty,
  },
  connect: {
    method: 'POST',
    path: '/api/connect',
    auth: 'user',
    summary: 'Where to open the socket, and a ticket for it that lives 30 s and is good at every node.',
    query: Type.Object({
      avoid: Type.Optional(
        Type.String({ maxLength: 260, description: 'Nodes that could not be reached a moment ago, comma-separated.' }),
      ),
    }),
    response: Type.Object({
      url: Type.String(),
      node: Type.Optional(
        Type.String({ description: 'The node that is meant, to be avoided when it cannot be reached.' }),
      ),
      ticket: Type.String(),
      expires_at: UnixMs,
    }),
  },
  server: {
    method: 'GET',
    path: '/api/server',
    auth: 'none',
    summary: 'What a client needs to know before signing in.',
    response: Type.Object({
      name: Type.String(),
      version: Type.String(),
      demo: Type.Boolean(),
      attachments: Type.Optional(AttachmentRules),
    }),
  },
  me: {
    method: 'GET',
    path: '/api/me',
    auth: 'user',
    summary: 'Who I am and the events I belong to.',
    response: Type.Object({
      user: User,
      events: Type.Array(EventInfo),
      blocked: Type.Array(Id),
      operator: Type.Optional(Type.Boolean({ description: 'Whether I may operate the system.' })),
    }),
  },
  updateMe: {
    method: 'PATCH',
    path: '/api/me',
    auth: 'user',
    summary: 'Change my name or what I say about myself.',
    body: Type.Object({ name: Type.Optional(Name), about: Type.Optional(Type.String({ maxLength: 280 })) }),
    response: User,
  },
  setDeviceKey: {
    method: 'PUT',
    path: '/api/me/devices/{device}/key',
    auth: 'user',
    summary: "Register the Ed25519 public key that this device's signatures verify with.",
    body: Type.Object({ public_key: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }) }),
    response: Empty,
  },
  user: { method: 'GET', path: '/api/users/{user}', auth: 'user', summary: 'A public profile.', response: User },
  event: {
    method: 'GET',
    path: '/api/events/{event}',
    auth: 'user',
    summary: 'An event and its programme.',
    response: Type.Object({ event: EventInfo, sessions: Type.Array(Session) }),
  },
  members: {
    method: 'GET',
    path: '/api/events/{event}/members',
    auth: 'user',
    summary: 'Members of an event, by the beginning of a name.',
    query: Type.Object({ q: Type.Optional(Type.String({ maxLength: 80 })), after: Cursor, limit: Limit }),
    response: page(Member),
  },
  setRole: {
    method: 'PUT',
    path: '/api/events/{event}/members/{user}',
    auth: 'user',
    summary: "Change a member's role (owners), or lift a ban (moderators).",
    body: Type.Object({ role: Role }),
    response: Member,
  },
  ban: {
    method: 'DELETE',
    path: '/api/events/{event}/members/{user}',
    auth: 'user',
    summary: 'Remove and ban a member (moderators), or leave (oneself).',
    response: Empty,
  },
  createInvite: {
    method: 'POST',
    path: '/api/events/{event}/invites',
    auth: 'user',
    summary: 'An invitation by link and code. Nobody can invite to a role above their own.',
    body: Type.Object({
      role: Type.Optional(Role),
      max_uses: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
      expires_in_s: Type.Optional(Type.Integer({ minimum: 60, maximum: 31_536_000 })),
    }),
    response: Invite,
  },
  invite: {
    method: 'GET',
    path: '/api/invites/{code}',
    auth: 'none',
    summary: 'What an invitation leads to.',
    response: Invite,
  },
  acceptInvite: {
    method: 'POST',
    path: '/api/invites/{code}/accept',
    auth: 'user',
    summary: 'Join by invitation as the person I already am.',
    response: EventInfo,
  },
  revokeInvite: {
    method: 'DELETE',
    path: '/api/invites/{code}',
    auth: 'user',
    summary: 'End an invitation.',
    response: Empty,
  },
  channels: {
    method: 'GET',
    path: '/api/events/{event}/channels',
    auth: 'user',
    summary: 'Channels of an event that I may read.',
    response: page(Channel),
  },
  createChannel: {
    method: 'POST',
    path: '/api/events/{event}/channels',
    auth: 'user',
    summary: 'A new channel; its creator becomes its moderator.',
    body: Type.Object({ title: Name, topic: Type.Optional(Type.String({ maxLength: 280 })), visibility: Visibility }),
    response: Channel,
  },
  updateChannel: {
    method: 'PATCH',
    path: '/api/channels/{channel}',
    auth: 'user',
    summary: 'Rename, re-describe or archive a channel.',
    body: Type.Object({
      title: Type.Optional(Name),
      topic: Type.Optional(Type.String({ maxLength: 280 })),
      archived: Type.Optional(Type.Boolean()),
    }),
    response: Channel,
  },
  join: {
    method: 'POST',
    path: '/api/channels/{channel}/join',
    auth: 'user',
    summary: 'Join a channel that is open to me.',
    response: Channel,
  },
  leave: {
    method: 'POST',
    path: '/api/channels/{channel}/leave',
    auth: 'user',
    summary: 'Leave a channel.',
    response: Empty,
  },
  channelMembers: {
    method: 'GET',
    path: '/api/channels/{channel}/members',
    auth: 'user',
    summary: 'Who joined a channel.',
    query: Type.Object({ after: Cursor, limit: Limit }),
    response: page(Member),
  },
  addChannelMember: {
    method: 'PUT',
    path: '/api/channels/{channel}/members/{user}',
    auth: 'user',
    summary: 'Invite a member of the event into a channel.',
    response: Empty,
  },
  removeChannelMember: {
    method: 'DELETE',
    path: '/api/channels/{channel}/members/{user}',
    auth: 'user',
    summary: 'Remove somebody from a channel (its moderators).',
    response: Empty,
  },
  conversations: {
    method: 'GET',
    path: '/api/conversations',
    auth: 'user',
    summary: 'My joined channels and direct conversations, where each stands and what I have read.',
    query: Type.Object({ after: Cursor, limit: Limit }),
    response: page(ConversationInfo),
  },
  search: {
    method: 'GET',
    path: '/api/search',
    auth: 'user',
    summary: 'Messages I may read that hold all the words.',
    query: Type.Object({
      q: Type.String({ minLength: 1, maxLength: 200 }),
      log: Type.Optional(Log),
      after: Cursor,
      limit: Limit,
    }),
    response: page(SearchHit),
  },
  history: {
    method: 'GET',
    path: '/api/logs/{log}',
    auth: 'user',
    summary: 'A page of a log I may read, as over the socket.',
    query: Type.Object({ after: Type.Optional(Offset), before: Type.Optional(Offset), limit: Limit }),
    response: Type.Object({
      log: Log,
      items: Type.Array(Type.Union([InboxItem, Item])),
      first: Offset,
      head: Offset,
      has_more: Type.Boolean(),
      gap: Type.Optional(Gap),
    }),
  },
  sync: {
    method: 'POST',
    path: '/api/sync',
    auth: 'user',
    summary: 'Replicated state: what changed since a version, or all of it in pages; as the frame sync.',
    body: Type.Object(SYNC_REQUEST),
    response: SyncReply,
  },
  freeTimes: {
    method: 'GET',
    path: '/api/meetings/free',
    auth: 'user',
    summary: 'Half hours of the next days in which two people could meet at an event.',
    query: Type.Object({ with: Id, event: Id }),
    response: Type.Object({ slots: Type.Array(Type.Object({ starts_at: UnixMs, ends_at: UnixMs })) }),
  },
  block: {
    method: 'PUT',
    path: '/api/me/blocks/{user}',
    auth: 'user',
    summary: 'Block a person: gone both ways.',
    response: Empty,
  },
  unblock: { method: 'DELETE', path: '/api/me/blocks/{user}', auth: 'user', summary: 'Lift a block.', response: Empty },
  mute: {
    method: 'PUT',
    path: '/api/me/mutes/{log}',
    auth: 'user',
    summary: 'Mute a conversation for me.',
    response: Empty,
  },
  unmute: { method: 'DELETE', path: '/api/me/mutes/{log}', auth: 'user', summary: 'Lift a mute.', response: Empty },
  report: {
    method: 'POST',
    path: '/api/reports',
    auth: 'user',
    summary: 'Report a message to the moderators; answers a case number.',
    body: Type.Object({ log: Log, message_id: Uuid, reason: Type.String({ minLength: 1, maxLength: 1000 }) }),
    response: Report,
  },
  reports: {
    method: 'GET',
    path: '/api/events/{event}/reports',
    auth: 'user',
    summary: 'Cases: all of them for moderators, otherwise those I reported.',
    query: Type.Object({ after: Cursor, limit: Limit }),
    response: page(Report),
  },
  resolveReport: {
    method: 'PATCH',
    path: '/api/reports/{case}',
    auth: 'user',
    summary: 'Decide a case (moderators).',
    body: Type.Object({
      status: Type.Union([Type.Literal('dismissed'), Type.Literal('actioned')]),
      action: Type.Union([Type.Literal('none'), Type.Literal('remove_message'), Type.Literal('ban')]),
    }),
    response: Report,
  },
  ...POSITION_ROUTES,
  ...ATTACHMENT_ROUTES,
  ...OPERATOR_ROUTES,
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof ROUTES;
export type RouteResponse<N extends RouteName> = Static<(typeof ROUTES)[N]['response']>;
export type RouteBody<N extends RouteName> = (typeof ROUTES)[N] extends { body: infer B extends TSchema }
  ? Static<B>
  : (typeof ROUTES)[N] extends { bytes: number }
    ? Uint8Array
    : undefined;
export type RouteQuery<N extends RouteName> = (typeof ROUTES)[N] extends { query: infer Q extends TSchema }
  ? Static<Q>
  : undefined;
