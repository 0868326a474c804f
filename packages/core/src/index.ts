export * from './limits/backoff.ts';
export * from './ports/access.ts';
export * from './ports/authenticator.ts';
export * from './ports/bus.ts';
export * from './ports/clock.ts';
export * from './ports/random.ts';
export * from './ports/store.ts';
export {
  type Acceptance,
  accept,
  type EntryDraft,
  isLargerThan,
  logOf,
  type Refusal,
  type Sender,
  type Stored,
  type Transient,
} from './delivery/accept.ts';
export { type Digest, digestMutable, type DigestPart } from './delivery/digest.ts';
export { Sequencer } from './delivery/sequencer.ts';
export { RateLimiter, type RateLimiterOptions, RateLimitExceededError } from './limits/rate-limiter.ts';
export { SenderLimits } from './limits/sender-limits.ts';
export { type BucketRate, fullBucket, takeTokenMutable, type TokenBucket } from './limits/token-bucket.ts';
export { MessageRouter, type Routed, type RoutePorts, type RouteTarget } from './routing/message-router.ts';
export {
  type ChannelPart,
  channelModerate,
  channelRead,
  type ChannelRules,
  channelWrite,
  type DirectFacts,
  directRead,
  directWrite,
  eventRead,
  eventWrite,
  inboxRead,
  isModerator,
  mayPost,
  type MessageKind,
  type Standing,
} from './channel/permission.ts';
export { isAbove, isAtLeast, ROLES } from './channel/role.ts';
export type * from './sync/document.ts';
