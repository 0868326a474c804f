export type { AgendaItem, MeetingStanding, MeetingView, SessionView } from '@konferenco/core';
export type {
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
export {
  CLOSE_CODES,
  channelLog,
  directLog,
  ERROR_CODES,
  LIMITS,
  parseLogName,
  peerOf,
  recourseOf,
} from '@konferenco/protocol';
export { createClient } from './client.ts';
export { CLIENT_ERRORS, type ClientErrorName, KonferencoError } from './errors.ts';
export type { LocalBackend, Recovered } from './storage/local-backend.ts';
export {
  LOCAL_TABLES,
  type LocalChange,
  type LocalRange,
  type LocalRow,
  type LocalStore,
  LocalStoreError,
  type LocalStoreFault,
  type LocalTable,
  type LocalUsage,
  sortableNumber,
} from './storage/local-store.ts';
export type * from './kept/types.ts';
export { memoryOutbox, memoryTokens } from './storage/memory.ts';
export { memoryStore } from './storage/memory-store.ts';
export {
  type OpenedStore,
  type OpenLocalStoreOptions,
  openLocalStore,
  removeLocalStores,
  type StoreNotice,
} from './storage/open-local-store.ts';
export { type OutboxOnStoreOptions, outboxOnStore } from './storage/outbox-on-store.ts';
export { persistStorage } from './storage/storage-usage.ts';
export { type LocalAccount, storeName } from './storage/store-name.ts';
export type * from './sync/types.ts';
export type * from './types.ts';
