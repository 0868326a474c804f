export { type Load, loadOf, type NodePlan, PLANNED_NODE, PLANNED_USAGE, type Usage } from './capacity/model.ts';
export { type Draw, type NodeWindow, nodeWindows, type PrescaleOptions } from './capacity/prescale.ts';
export * from './limits/backoff.ts';
export * from './ports/access.ts';
export * from './ports/analytics.ts';
export * from './ports/authenticator.ts';
export * from './ports/bus.ts';
export * from './ports/clock.ts';
export * from './ports/objects.ts';
export type * from './ports/feed.ts';
export * from './ports/positions.ts';
export * from './ports/presence.ts';
export * from './ports/random.ts';
export * from './ports/rates.ts';
export * from './ports/replica.ts';
export * from './ports/store.ts';
export * from './ports/streams.ts';
export {
  type Acceptance,
  accept,
  type EntryDraft,
  logOf,
  type Refusal,
  type Sender,
  type Stored,
  type Transient,
} from './delivery/accept.ts';
export { type Digest, digestMutable, type DigestPart } from './delivery/digest.ts';
export { isLargerThan } from './delivery/json-size.ts';
export { Sequencer } from './delivery/sequencer.ts';
export { RateLimiter, type RateLimiterOptions, RateLimitExceededError } from './limits/rate-limiter.ts';
export { OUTBOX_ALLOWANCE, SenderLimits } from './limits/sender-limits.ts';
export { type BucketRate, fullBucket, takeTokenMutable, type TokenBucket, waitFor } from './limits/token-bucket.ts';
export { within } from './limits/within.ts';
export {
  BUS_MESSAGE_OVERHEAD,
  busCopyFor,
  decodeBusMessage,
  encodeBusMessage,
  encodeBusRecord,
} from './routing/bus-codec.ts';
export { crowdOf, interestsOf, nodeInterest, presenceOf } from './routing/interest.ts';
export { comebackMutable, type Comebacks, LONGEST_COMEBACK_MS } from './routing/comeback.ts';
export { streamOf } from './routing/stream-of.ts';
export { MessageRouter, type Routed, type RoutePorts, type RouteTarget } from './routing/message-router.ts';
export { answerClaim, type ClaimAnswer, type ClaimRecord, type ClaimStanding, Namesakes } from './routing/namesake.ts';
export type { DrainProgress, NodePhase, NodeReport, NodeStart, NodeVitals } from './routing/node-report.ts';
export {
  type KnownNode,
  MOST_NODES,
  NODE_TIMES,
  type NodeEvent,
  type NodeStanding,
  NodeTable,
} from './routing/node-table.ts';
export { type PlaceableNode, Placement, PLACEMENT, type Visitor } from './routing/placement.ts';
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
export { attendanceState, viewAttendance } from './sync/attendance-document.ts';
export { conflictsAfter, type Encounter, type StateConflict } from './sync/conflict-policy.ts';
export { applyOperation, type DocumentKind, documentsOf, isOperationType, kindOf } from './sync/documents.ts';
export { factsOf, type MeetingFacts, type Proposed, viewMeeting } from './sync/meeting-document.ts';
export { type Keeping, NAMESPACES, type NamespacePolicy } from './sync/namespace.ts';
export { compactNotes, viewNotes } from './sync/notes-document.ts';
export { noticesOf, type SessionNotice } from './sync/notices.ts';
export {
  isClockAhead,
  type OperationEffect,
  operationError,
  type OperationRefusal,
  SYNC_BOUNDS,
} from './sync/operation-check.ts';
export { fieldsOf, viewFields, writtenAt } from './sync/personal-fields.ts';
export { adminRemovalsSeen, collectSet, removalTags, setHas, setOf, viewSet } from './sync/personal-set.ts';
export { type SessionField, sessionState, viewSession } from './sync/session-document.ts';
export { mergeVersions, offsetIn, type SyncVersion, versionAt } from './sync/sync-version.ts';
export {
  type Clash,
  clashes,
  type FreeTimeQuery,
  freeSlots,
  overlaps,
  programmeHours,
  type Slot,
} from './sync/timetable.ts';
