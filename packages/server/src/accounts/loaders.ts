import type { Clock, Store } from '@konferenco/core';
import { isId } from '@konferenco/protocol';
import {
  at,
  BLOCKED_BY,
  BLOCKS,
  type ChannelRecord,
  CHANNELS,
  EVENT_CHANNELS,
  lastPart,
  listAll,
  MEMBER_NAMES,
  put,
  read,
  recordKey,
  USER_EVENTS,
} from './records.ts';

/** Who somebody blocked, and everybody they have a block with, either way. */
export interface Blocks {
  readonly mine: ReadonlySet<string>;
  readonly either: ReadonlySet<string>;
}

const MAX_EVENTS = 200;
const MAX_BLOCKS = 5_000;
const MAX_COUNTED = 1_000_000;

export interface ChannelLoading {
  readonly store: Store;
  readonly clock: Clock;
  readonly demoEvent?: string;
  readonly openChannels?: boolean;
}

/** A channel's record. With open channels, one that is missing is created: public, in the demo event. */
export async function loadChannel(options: ChannelLoading, id: string): Promise<ChannelRecord | null> {
  const { store, clock, demoEvent, openChannels } = options;
  const known = await read(store, CHANNELS, id);
  if (known.value || !openChannels || demoEvent === undefined || !isId(id)) return known.value;
  const channel: ChannelRecord = {
    event: demoEvent,
    title: id,
    topic: '',
    visibility: 'public',
    archived: false,
    created_by: '',
    created_at: clock.now(),
  };
  const [outcome] = await store.commit([
    {
      requires: [at(CHANNELS, id, known.version)],
      changes: [put(CHANNELS, id, channel), put(EVENT_CHANNELS, recordKey(demoEvent, id), { joins: false })],
    },
  ]);
  // Another node was first: its record stands.
  return outcome?.kind === 'committed' ? channel : (await read(store, CHANNELS, id)).value;
}

/** The blocks somebody made or is the object of. */
export async function loadBlocks(store: Store, user: string): Promise<Blocks> {
  const [mine, theirs] = await Promise.all([
    listAll(store, BLOCKS, `${user}/`, MAX_BLOCKS),
    listAll(store, BLOCKED_BY, `${user}/`, MAX_BLOCKS),
  ]);
  return { mine: new Set(lastParts(mine)), either: new Set([...lastParts(mine), ...lastParts(theirs)]) };
}

/** Ids of the events somebody belongs to, those that banned them included. */
export async function loadEvents(store: Store, user: string): Promise<readonly string[]> {
  return lastParts(await listAll(store, USER_EVENTS, `${user}/`, MAX_EVENTS));
}

/** How many members that are not banned an event has. */
export async function countMembers(store: Store, event: string): Promise<number> {
  return (await listAll(store, MEMBER_NAMES, `${event}/`, MAX_COUNTED)).length;
}

function lastParts(rows: readonly { readonly key: string }[]): string[] {
  return rows.map((row) => lastPart(row.key));
}
