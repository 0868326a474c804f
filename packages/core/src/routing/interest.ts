import { channelLog, inboxLog } from '@konferenco/protocol';
import type { BusRecord, Interest } from '../ports/bus.ts';

/** Who has use for a record: the nodes that follow one of these, or, for `null`, all of them. */
export function interestsOf(record: BusRecord): readonly Interest[] | null {
  switch (record.kind) {
    case 'entry':
      return [record.log, ...new Set(record.pointers.map(({ user }) => inboxLog(user)))];
    case 'transient':
      return [record.to === undefined ? record.log : inboxLog(record.to)];
    case 'presence':
      return [presenceOf(record.user)];
    case 'roster':
      return [nodeInterest(record.to)];
    case 'crowd':
      return [crowdOf(record.channel)];
    case 'watched':
      return [channelLog(record.channel)];
    default:
      return null;
  }
}

/** What concerns whether `user` is connected. */
export function presenceOf(user: string): Interest {
  return `presence:${user}`;
}

/** What concerns who is in `channel`. */
export function crowdOf(channel: string): Interest {
  return `crowd:${channel}`;
}

/** What is for `node` alone. */
export function nodeInterest(node: string): Interest {
  return `node:${node}`;
}
