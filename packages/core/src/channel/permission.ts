import type { Envelope, ErrorName, Role, Visibility } from '@konferenco/protocol';
import type { Decision } from '../ports/access.ts';
import { isAtLeast } from './role.ts';

/** How somebody stands in an event: a role, or why there is none. */
export type Standing =
  | { readonly kind: 'member'; readonly role: Role }
  | { readonly kind: 'banned' }
  | { readonly kind: 'stranger' };

/** What the rules need to know of a channel. */
export interface ChannelRules {
  readonly visibility: Visibility;
  readonly archived: boolean;
}

/** Somebody's part in a channel; `none`: never joined, left or removed. */
export type ChannelPart = 'none' | 'member' | 'moderator';

/** The type and subtype of what somebody wants to send. */
export type MessageKind = Pick<Envelope, 'type' | 'subtype'>;

/** Two people, as seen when one writes to the other. */
export interface DirectFacts {
  readonly blocked: boolean;
  readonly shareEvent: boolean;
}

/** `'ok'` for members of the event; the reason otherwise. */
export function eventRead(standing: Standing): Decision {
  switch (standing.kind) {
    case 'member':
      return 'ok';
    case 'banned':
      return 'banned';
    case 'stranger':
      return 'not_member';
  }
}

/** An event's broadcasts come from its owner and moderators; a read mark is everybody's own. */
export function eventWrite(standing: Standing, message: MessageKind): Decision {
  if (isSystems(message) || isBetweenPeople(message)) return 'forbidden';
  const refused = roleRefuses(standing, message);
  if (refused) return refused;
  return isReadMark(message) || isModerator(standing) ? 'ok' : 'forbidden';
}

/** Members of the event read its public and announce channels; a private channel is its members' own, whatever the role. */
export function channelRead(channel: ChannelRules, standing: Standing, part: ChannelPart): Decision {
  const inEvent = eventRead(standing);
  if (inEvent !== 'ok') return inEvent;
  return channel.visibility === 'private' && part === 'none' ? 'not_member' : 'ok';
}

/** Who may write is who may read, less what archiving, announce-only channels and roles take away. */
export function channelWrite(
  channel: ChannelRules,
  standing: Standing,
  part: ChannelPart,
  message: MessageKind,
): Decision {
  const readable = channelRead(channel, standing, part);
  if (readable !== 'ok') return readable;
  const refused = roleRefuses(standing, message);
  if (refused) return refused;
  if (message.type === 'signal' || message.type === 'schedule' || isBetweenPeople(message)) return 'forbidden';
  if (isReadMark(message)) return 'ok';
  if (channel.archived) {
    return isDeletion(message) && channelModerate(channel, standing, part) ? 'ok' : 'forbidden';
  }
  if (channel.visibility !== 'announce' || mayAnnounce(standing, part)) return 'ok';
  return isReaction(message) || isDeletion(message) ? 'ok' : 'forbidden';
}

/** Whether somebody may post new messages in the channel: what the composer shows. */
export function mayPost(channel: ChannelRules, standing: Standing, part: ChannelPart): boolean {
  return channelWrite(channel, standing, part, { type: 'chat', subtype: 'channel_message' }) === 'ok';
}

/** A channel's own moderators, and the event's wherever they may read. */
export function channelModerate(channel: ChannelRules, standing: Standing, part: ChannelPart): boolean {
  if (channelRead(channel, standing, part) !== 'ok') return false;
  return part === 'moderator' || isModerator(standing);
}

/** A direct log is open to its two people alone. What was said stays readable after a block: it may be evidence. */
export function directRead(user: string, users: readonly [string, string]): Decision {
  return users.includes(user) ? 'ok' : 'not_member';
}

/**
 * Whether `user` may write to `peer`. Location and one's own state go to oneself alone; notes to oneself are always
 * open. A meeting takes two, and can be called off whatever has come between them.
 */
export function directWrite(user: string, peer: string, message: MessageKind, facts: DirectFacts): Decision {
  if (isOperators(message) || isSystems(message)) return 'forbidden';
  if (user === peer) return message.type === 'meeting' ? 'forbidden' : 'ok';
  if (message.type === 'location' || message.type === 'state') return 'forbidden';
  if (isRefusalToMeet(message)) return 'ok';
  if (facts.blocked) return 'blocked';
  return facts.shareEvent ? 'ok' : 'forbidden';
}

/** An inbox is its owner's alone. */
export function inboxRead(user: string, owner: string): Decision {
  return user === owner ? 'ok' : 'forbidden';
}

/** True for an event's owner and moderators. */
export function isModerator(standing: Standing): boolean {
  return standing.kind === 'member' && isAtLeast(standing.role, 'moderator');
}

/** What no member of this standing may send to many, whatever the place. */
function roleRefuses(standing: Standing, message: MessageKind): ErrorName | null {
  const member = eventRead(standing);
  if (member !== 'ok') return member;
  if (message.type === 'location') return 'forbidden';
  return isOperators(message) && !isModerator(standing) ? 'forbidden' : null;
}

function mayAnnounce(standing: Standing, part: ChannelPart): boolean {
  return part === 'moderator' || (standing.kind === 'member' && isAtLeast(standing.role, 'speaker'));
}

function isOperators(message: MessageKind): boolean {
  return message.type === 'schedule' || message.type === 'alert';
}
/** What the server alone says. */
function isSystems({ type, subtype }: MessageKind): boolean {
  if (type === 'meeting') return subtype === 'reminder';
  return type === 'schedule' && (subtype === 'session_start' || subtype === 'session_end' || subtype === 'attendance');
}
/** What is one person's own, or between two. */
function isBetweenPeople({ type }: MessageKind): boolean {
  return type === 'state' || type === 'meeting';
}
function isRefusalToMeet({ type, subtype }: MessageKind): boolean {
  return type === 'meeting' && (subtype === 'cancel' || subtype === 'decline');
}
function isReadMark(message: MessageKind): boolean {
  return message.type === 'chat' && message.subtype === 'read';
}
function isReaction(message: MessageKind): boolean {
  return message.type === 'chat' && message.subtype === 'reaction';
}
function isDeletion(message: MessageKind): boolean {
  return message.type === 'chat' && message.subtype === 'delete';
}
