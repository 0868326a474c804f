import { isId } from './id.ts';

/**
 * The name of a conversation log. Its prefix says who may read it and how it is routed:
 * `ch:` a channel, `dm:` two people, `ev:` an event's broadcasts, `me:` one user's own state, `in:` one user's inbox of
 * pointers.
 */
export type LogName = string;

export type LogAddress =
  | { readonly kind: 'channel'; readonly channel: string }
  | { readonly kind: 'direct'; readonly users: readonly [string, string] }
  | { readonly kind: 'event'; readonly event: string }
  | { readonly kind: 'personal'; readonly user: string }
  | { readonly kind: 'inbox'; readonly user: string };

export function channelLog(channel: string): LogName {
  return `ch:${channel}`;
}

/** The log two people share; the same from either side. A user's notes to self are `dm:me:me`. */
export function directLog(a: string, b: string): LogName {
  return a < b ? `dm:${a}:${b}` : `dm:${b}:${a}`;
}

export function eventLog(event: string): LogName {
  return `ev:${event}`;
}

/** Where a user's operations on their own sets and fields are kept. */
export function personalLog(user: string): LogName {
  return `me:${user}`;
}

export function inboxLog(user: string): LogName {
  return `in:${user}`;
}

/** Takes a log name apart; `null` when it is not one. Ids hold no colon, so the split is exact, and a log has one name. */
export function parseLogName(name: string): LogAddress | null {
  const [prefix, first, second, rest] = name.split(':');
  if (first === undefined || rest !== undefined || !isId(first)) return null;
  if (prefix === 'dm')
    return second !== undefined && isId(second) && first <= second ? { kind: 'direct', users: [first, second] } : null;
  if (second !== undefined) return null;
  if (prefix === 'ch') return { kind: 'channel', channel: first };
  if (prefix === 'ev') return { kind: 'event', event: first };
  if (prefix === 'me') return { kind: 'personal', user: first };
  if (prefix === 'in') return { kind: 'inbox', user: first };
  return null;
}

/** The other person of a direct log, seen from `me`. */
export function peerOf(log: LogName, me: string): string | null {
  const address = parseLogName(log);
  if (address?.kind !== 'direct' || !address.users.includes(me)) return null;
  return address.users[0] === me ? address.users[1] : address.users[0];
}
