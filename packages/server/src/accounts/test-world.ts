import { createHash } from 'node:crypto';
import type { Bus, BusRecord, Clock, Random, Store } from '@konferenco/core';
import type { Envelope } from '@konferenco/protocol';
import { createMemoryStore } from '../adapters/memory/store.ts';
import { type Context, createContext } from './context.ts';
import { createDirectory, type Directory } from './directory.ts';
import {
  put,
  recordKey,
  MEMBERS,
  USERS,
  EVENTS,
  CHANNELS,
  EVENT_CHANNELS,
  CHANNEL_MEMBERS,
  USER_EVENTS,
  type ChannelRecord,
} from './records.ts';

/** A clock that stands until it is moved; timers fire at once, so that retries do not wait. */
export class TestClock implements Clock {
  time = Date.UTC(2026, 10, 20, 12);
  now(): number {
    return this.time;
  }
  after(_ms: number, fn: () => void): () => void {
    const timer = setTimeout(fn, 0);
    return () => clearTimeout(timer);
  }
  soon(fn: () => void): void {
    queueMicrotask(fn);
  }
}

/** Repeats exactly; its bytes are as good as a hash's. */
export function createTestRandom(seed = 'seed'): Random {
  let count = 0;
  const block = () => createHash('sha512').update(`${seed}/${count++}`).digest();
  return { next: () => block().readUInt32BE() / 2 ** 32, bytes: (length) => block().subarray(0, length) };
}

/** A bus within the process that keeps what was published. */
export class TestBus implements Bus {
  readonly lossy = true;
  readonly published: BusRecord[] = [];
  readonly #receivers = new Set<(record: BusRecord) => void>();
  readonly #reconnected = new Set<() => void>();
  /** While true, records are lost. */
  losing = false;

  publish(record: BusRecord): void {
    this.published.push(record);
    if (this.losing) return;
    for (const receive of this.#receivers) receive(record);
  }
  follow(): void {}
  unfollow(): void {}
  subscribe(receive: (record: BusRecord) => void): () => void {
    this.#receivers.add(receive);
    return () => this.#receivers.delete(receive);
  }
  onReconnect(fn: () => void): void {
    this.#reconnected.add(fn);
  }
  reconnect(): void {
    for (const fn of this.#reconnected) fn();
  }
  async close(): Promise<void> {
    this.#receivers.clear();
  }
}

/** The in-memory store, telling of every read of a record. */
function watchReads(store: Store, onRead: () => void): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...values: unknown[]) => {
        if (name === 'get' || name === 'list') onRead();
        return Reflect.apply(member, target, values);
      };
    },
  });
}

export interface World extends Context {
  readonly clock: TestClock;
  readonly bus: TestBus;
  /** Reads of records so far. */
  readonly reads: () => number;
  /** Everything kept in one collection, as JSON. */
  readonly dump: (collection: string) => Promise<string>;
}

/** A server's accounts without a network: event `hui` with an owner, a moderator, a speaker and two attendees. */
export async function createWorld(
  options: { readonly demo?: boolean; readonly openChannels?: boolean } = {},
): Promise<World> {
  const clock = new TestClock();
  let reads = 0;
  const store = watchReads(createMemoryStore({ now: () => clock.now() }), () => reads++);
  const bus = new TestBus();
  await store.commit([{ changes: [...people(), ...channels()] }]);
  const demo = options.demo ? { demoEvent: 'hui' } : {};
  const directory: Directory = createDirectory({
    store,
    bus,
    clock,
    ...demo,
    ...(options.openChannels ? { openChannels: true } : {}),
  });
  const context = createContext({ store, bus, clock, random: createTestRandom(), directory, ...demo });
  const dump = async (collection: string) => JSON.stringify(await store.list(collection, '', { limit: 10_000 }));
  return { ...context, clock, bus, reads: () => reads, dump };
}

const PEOPLE = { owen: 'owner', mira: 'moderator', sefa: 'speaker', aroha: 'attendee', ben: 'attendee' } as const;

function people() {
  return [
    put(EVENTS, 'hui', { title: 'Hui', time_zone: 'Pacific/Auckland', created_at: 0 }),
    put(EVENTS, 'other', { title: 'Other', time_zone: 'UTC', created_at: 0 }),
    put(USERS, 'zed', { name: 'Zed', created_at: 0 }),
    put(MEMBERS, recordKey('other', 'zed'), { role: 'attendee', joined_at: 0 }),
    put(USER_EVENTS, recordKey('zed', 'other'), {}),
    ...Object.entries(PEOPLE).flatMap(([id, role]) => [
      put(USERS, id, { name: id, created_at: 0 }),
      put(MEMBERS, recordKey('hui', id), { role, joined_at: 0 }),
      put(USER_EVENTS, recordKey(id, 'hui'), {}),
    ]),
  ];
}

function channels() {
  const channel = (visibility: ChannelRecord['visibility']): ChannelRecord => ({
    event: 'hui',
    title: visibility,
    topic: '',
    visibility,
    archived: false,
    created_by: 'owen',
    created_at: 0,
  });
  return [
    put(CHANNELS, 'general', channel('public')),
    put(CHANNELS, 'news', channel('announce')),
    put(CHANNELS, 'crew', channel('private')),
    ...['general', 'news', 'crew'].map((id) => put(EVENT_CHANNELS, recordKey('hui', id), { joins: id !== 'crew' })),
    put(CHANNEL_MEMBERS, recordKey('crew', 'aroha'), { part: 'member', joined_at: 0 }),
  ];
}

/** An envelope of `from`, complete enough for questions of permission. */
export function envelope(from: string, to: Envelope['to'], kind = 'chat/channel_message'): Envelope {
  const [type = '', subtype = ''] = kind.split('/');
  return {
    id: '01932b00-0000-7000-8000-000000000000',
    type,
    subtype,
    from: { user_id: from },
    to,
    payload: {},
    timestamp: 0,
  };
}
