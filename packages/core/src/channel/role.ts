import type { Role } from '@konferenco/protocol';

/** Every role of an event, the most powerful first. */
export const ROLES = ['owner', 'moderator', 'speaker', 'exhibitor', 'attendee'] as const satisfies readonly Role[];

const POWER: Readonly<Record<Role, number>> = { owner: 4, moderator: 3, speaker: 2, exhibitor: 1, attendee: 0 };

/** True when `role` stands at `least` or above. */
export function isAtLeast(role: Role, least: Role): boolean {
  return POWER[role] >= POWER[least];
}

/** True when `role` stands above `other`. */
export function isAbove(role: Role, other: Role): boolean {
  return POWER[role] > POWER[other];
}
