export { createClient } from './client.ts';
export { CLIENT_ERRORS, type ClientErrorName, KonferencoError } from './errors.ts';
export { memoryOutbox, memoryTokens } from './storage/memory.ts';
export type * from './types.ts';
export type {
  Channel,
  ConversationInfo,
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
export { channelLog, directLog, LIMITS, parseLogName, peerOf } from '@konferenco/protocol';
