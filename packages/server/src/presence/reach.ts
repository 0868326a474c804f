import type { PresenceStatus } from '@konferenco/protocol';

/** From most to least reachable: a user with several connections shows the most reachable one. */
const ORDER: readonly PresenceStatus[] = ['online', 'busy', 'away', 'offline'];

export function moreReachable(a: PresenceStatus, b: PresenceStatus): PresenceStatus {
  return ORDER.indexOf(a) <= ORDER.indexOf(b) ? a : b;
}
