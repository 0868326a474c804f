import type { ConversationInfo } from '@konferenco/protocol';
import { joined, type Stretches } from './stretches.ts';

/** What is kept of one log beside its entries. */
export interface LogRow {
  /** Identity of the server's store whose offsets these are. */
  readonly epoch: string | null;
  /** What of the log is on this device: between them lie holes, of which nothing is known. */
  readonly stretches: Stretches;
  /** Oldest offset the server has, as last heard. */
  readonly first: number;
  /** One's own read mark, how far the server knows it, and the other person's. */
  readonly read: number;
  readonly said: number;
  readonly peer_read: number;
  /** Whether the program that wrote this was following the log: what came since is news to the person. */
  readonly followed: boolean;
  /** When a person last opened it (Unix ms); decides what is dropped first. */
  readonly opened_at: number;
  readonly entries: number;
  /** About; the text decides it. */
  readonly bytes: number;
  /** When the oldest kept entry was stored (Unix ms). */
  readonly oldest_at: number;
  /** Its line in the conversation list. */
  readonly info?: ConversationInfo | undefined;
}

/** Nothing is known of the log. */
export const EMPTY: LogRow = {
  epoch: null,
  stretches: [],
  first: 0,
  read: 0,
  said: 0,
  peer_read: 0,
  followed: false,
  opened_at: 0,
  entries: 0,
  bytes: 0,
  oldest_at: 0,
};

/** A log's row with what another program of the same store knows of it. Too much is claimed rather than too little: what is not there is noticed. */
export function merged(row: LogRow, stored: LogRow): LogRow {
  // Offsets of another epoch mean something else.
  if (stored.epoch !== row.epoch) return row;
  const max = (name: 'first' | 'read' | 'said' | 'peer_read' | 'opened_at' | 'entries' | 'bytes') =>
    Math.max(row[name], stored[name]);
  return {
    ...row,
    stretches: stored.stretches.reduce((all, [from, to]) => joined(all, from, to), row.stretches),
    first: max('first'),
    read: max('read'),
    said: max('said'),
    peer_read: max('peer_read'),
    followed: row.followed || stored.followed,
    opened_at: max('opened_at'),
    entries: max('entries'),
    bytes: max('bytes'),
  };
}
