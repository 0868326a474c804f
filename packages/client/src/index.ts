export type { AgendaItem, MeetingStanding, MeetingView, SessionView } from '@konferenco/core';
export type {
  Attachment,
  AttachmentRules,
  Channel,
  ConversationInfo,
  Envelope,
  EventInfo,
  InboxItem,
  Invite,
  Item,
  LogName,
  Member,
  PresenceStatus,
  Report,
  Role,
  RouteName,
  RouteResponse,
  SearchHit,
  Session,
  Tokens,
  User,
  Visibility,
} from '@konferenco/protocol';
export { CLOSE_CODES, channelLog, directLog, LIMITS, parseLogName, peerOf, recourseOf } from '@konferenco/protocol';
export { createClient } from './client.ts';
export { CLIENT_ERRORS, type ClientErrorName, KonferencoError } from './errors.ts';
export type * from './kept/types.ts';
export { memoryOutbox, memoryTokens } from './storage/memory.ts';
export type { LocalStore, LocalStoreFault, LocalUsage } from './storage/local-store.ts';
export type * from './sync/types.ts';
export type * from './types.ts';
