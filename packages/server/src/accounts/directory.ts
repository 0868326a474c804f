import {
  type Access,
  type Bus,
  type BusRecord,
  type ChannelPart,
  channelModerate,
  channelRead,
  channelWrite,
  type Clock,
  type Decision,
  directRead,
  directWrite,
  eventRead,
  eventWrite,
  inboxRead,
  isModerator,
  logOf,
  type Standing,
  type Store,
} from '@konferenco/core';
import { type Envelope, type LogName, parseLogName } from '@konferenco/protocol';
import { Cache, type Eventually, then } from './cache.ts';
import { type Blocks, countMembers, loadBlocks, loadChannel, loadEvents } from './loaders.ts';
import {
  CHANNEL_MEMBERS,
  type ChannelRecord,
  type EventRecord,
  EVENTS,
  type MemberRecord,
  MEMBERS,
  read,
  recordKey,
  type UserRecord,
  USERS,
} from './records.ts';

export interface DirectoryOptions {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Event that everybody counts as an attendee of unless banned: demo and load mode. */
  readonly demoEvent?: string;
  /** With `demoEvent`: an unknown channel is created in it, public, by the first subscribe or publish. */
  readonly openChannels?: boolean;
  /** Entries of each kind kept in memory at the most. */
  readonly maxEntries?: number;
}

/**
 * What the hot path needs to know of accounts: cached, bounded, kept current by `changed` records of the bus.
 * Every method answers at once when it can; promises reject with `StoreUnavailableError`.
 */
export interface Directory extends Access {
  user(user: string): Eventually<UserRecord | null>;
  event(event: string): Eventually<EventRecord | null>;
  channel(channel: string): Eventually<ChannelRecord | null>;
  member(event: string, user: string): Eventually<MemberRecord | null>;
  standing(event: string, user: string): Eventually<Standing>;
  part(channel: string, user: string): Eventually<ChannelPart>;
  /** Events somebody belongs to, those that banned them included. */
  eventsOf(user: string): Eventually<readonly string[]>;
  blocksOf(user: string): Eventually<Blocks>;
  /** An event of which both are members; `null`: none. */
  sharedEvent(a: string, b: string): Eventually<string | null>;
  /** Members that are not banned; of large events as of at most half a minute ago. */
  memberCount(event: string): Eventually<number>;
  /** Forgets what a record of the bus says has changed; for changes of one's own, before the bus returns them. */
  apply(record: BusRecord): void;
  close(): void;
}

const MAX_ENTRIES = 100_000;
const MAX_AGE_MS = 30_000;
/** Up to this size an event is counted again after every change; above, when the count has aged. */
const SMALL_EVENT = 1_000;

/** The view over account records that decides about every read and write. */
export function createDirectory(options: DirectoryOptions): Directory {
  return new CachedDirectory(options);
}

class CachedDirectory implements Directory {
  readonly #options: DirectoryOptions;
  readonly #users: Cache<UserRecord | null>;
  readonly #events: Cache<EventRecord | null>;
  readonly #channels: Cache<ChannelRecord | null>;
  readonly #members: Cache<MemberRecord | null>;
  readonly #parts: Cache<ChannelPart>;
  readonly #eventsOf: Cache<readonly string[]>;
  readonly #blocks: Cache<Blocks>;
  readonly #counts: Cache<number>;
  readonly #unsubscribe: () => void;

  constructor(options: DirectoryOptions) {
    const { store, bus, clock, maxEntries: max = MAX_ENTRIES } = options;
    this.#options = options;
    const cache = <Value>(load: (key: string) => Promise<Value>) =>
      new Cache<Value>({ load, max, max_age_ms: MAX_AGE_MS, now: () => clock.now() });
    this.#users = cache(async (key) => (await read(store, USERS, key)).value);
    this.#events = cache(async (key) => (await read(store, EVENTS, key)).value);
    this.#channels = cache((key) => loadChannel(options, key));
    this.#members = cache(async (key) => (await read(store, MEMBERS, key)).value);
    this.#parts = cache(async (key) => (await read(store, CHANNEL_MEMBERS, key)).value?.part ?? 'none');
    this.#eventsOf = cache((key) => loadEvents(store, key));
    this.#blocks = cache((key) => loadBlocks(store, key));
    this.#counts = cache((key) => countMembers(store, key));
    this.#unsubscribe = bus.subscribe((record) => this.apply(record));
    bus.onReconnect(() => this.#clear());
  }

  mayRead(user: string, log: LogName): Eventually<Decision> {
    const address = parseLogName(log);
    if (!address) return 'not_found';
    switch (address.kind) {
      case 'channel':
        return this.#inChannel(address.channel, user, 'not_found', channelRead);
      case 'direct':
        return directRead(user, address.users);
      case 'event':
        return then(this.standing(address.event, user), eventRead);
      case 'personal':
      case 'inbox':
        return inboxRead(user, address.user);
    }
  }

  mayPublish(user: string, envelope: Envelope): Eventually<Decision> {
    const decision = this.#mayAddress(user, envelope);
    const marked = envelope.subtype === 'read' ? envelope.payload['log'] : undefined;
    if (typeof marked !== 'string' || marked === logOf(envelope, user)) return decision;
    return then(decision, (addressed) => (addressed === 'ok' ? this.mayRead(user, marked) : addressed));
  }

  mayModerate(user: string, log: LogName): Eventually<boolean> {
    const address = parseLogName(log);
    if (address?.kind === 'channel') return this.#inChannel(address.channel, user, false, channelModerate);
    if (address?.kind === 'event') return then(this.standing(address.event, user), isModerator);
    return false;
  }

  blocked(a: string, b: string): Eventually<boolean> {
    return then(this.#blocks.get(a), (blocks) => blocks.either.has(b));
  }

  user(user: string): Eventually<UserRecord | null> {
    return this.#users.get(user);
  }
  event(event: string): Eventually<EventRecord | null> {
    return this.#events.get(event);
  }
  channel(channel: string): Eventually<ChannelRecord | null> {
    return this.#channels.get(channel);
  }
  member(event: string, user: string): Eventually<MemberRecord | null> {
    return this.#members.get(recordKey(event, user));
  }
  part(channel: string, user: string): Eventually<ChannelPart> {
    return this.#parts.get(recordKey(channel, user));
  }
  eventsOf(user: string): Eventually<readonly string[]> {
    return this.#eventsOf.get(user);
  }
  blocksOf(user: string): Eventually<Blocks> {
    return this.#blocks.get(user);
  }

  memberCount(event: string): Eventually<number> {
    return this.#counts.get(event);
  }

  standing(event: string, user: string): Eventually<Standing> {
    return then(this.member(event, user), (member): Standing => {
      if (member?.banned) return { kind: 'banned' };
      if (member) return { kind: 'member', role: member.role };
      return event === this.#options.demoEvent ? { kind: 'member', role: 'attendee' } : { kind: 'stranger' };
    });
  }

  sharedEvent(a: string, b: string): Eventually<string | null> {
    const { demoEvent } = this.#options;
    return then(this.eventsOf(a), (events) => {
      const candidates = demoEvent === undefined || events.includes(demoEvent) ? events : [demoEvent, ...events];
      return this.#firstShared(candidates, 0, [a, b]);
    });
  }

  apply(record: BusRecord): void {
    if (record.kind === 'revoked') this.#eventsOf.delete(record.user);
    if (record.kind !== 'changed') return;
    switch (record.what) {
      case 'channel':
        this.#channels.delete(record.id);
        return;
      case 'profile':
        this.#users.delete(record.id);
        return;
      case 'blocks':
        this.#blocks.delete(record.id);
        if (record.user !== undefined) this.#blocks.delete(record.user);
        return;
      case 'membership':
        if (record.user === undefined) return;
        this.#members.delete(recordKey(record.id, record.user));
        this.#parts.delete(recordKey(record.id, record.user));
        this.#eventsOf.delete(record.user);
        if ((this.#counts.peek(record.id) ?? 0) <= SMALL_EVENT) this.#counts.delete(record.id);
        return;
    }
  }

  close(): void {
    this.#unsubscribe();
    this.#clear();
  }

  #mayAddress(user: string, envelope: Envelope): Eventually<Decision> {
    const { to } = envelope;
    switch (to.type) {
      case 'channel':
        return this.#inChannel(to.id, user, 'not_found', (rules, standing, part) =>
          channelWrite(rules, standing, part, envelope),
        );
      case 'broadcast':
        return then(this.standing(to.id, user), (standing) => eventWrite(standing, envelope));
      case 'user':
        return then(this.blocked(user, to.id), (blocked) =>
          then(this.sharedEvent(user, to.id), (event) =>
            directWrite(user, to.id, envelope, { blocked, shareEvent: event !== null }),
          ),
        );
    }
  }

  #inChannel<Result>(
    id: string,
    user: string,
    unknown: Result,
    rule: (rules: ChannelRecord, standing: Standing, part: ChannelPart) => Result,
  ): Eventually<Result> {
    return then(this.channel(id), (channel) => {
      if (!channel) return unknown;
      return then(this.standing(channel.event, user), (standing) =>
        then(this.part(id, user), (part) => rule(channel, standing, part)),
      );
    });
  }

  #firstShared(events: readonly string[], index: number, pair: readonly [string, string]): Eventually<string | null> {
    const event = events[index];
    if (event === undefined) return null;
    return then(this.standing(event, pair[0]), (first) =>
      then(this.standing(event, pair[1]), (second) =>
        first.kind === 'member' && second.kind === 'member' ? event : this.#firstShared(events, index + 1, pair),
      ),
    );
  }

  #clear(): void {
    for (const cache of [
      this.#users,
      this.#events,
      this.#channels,
      this.#members,
      this.#parts,
      this.#eventsOf,
      this.#blocks,
      this.#counts,
    ]) {
      cache.clear();
    }
  }
}
