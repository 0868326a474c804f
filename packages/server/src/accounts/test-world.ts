import { createHash } from 'node:crypto';
import type { Bus, BusRecord, Clock, Command, Outcome, Random, Store, StoredRecord } from '@konferenco/core';
import type { Envelope } from '@konferenco/protocol';
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

export class FakeStore {
  readonly rows = new Map<string, StoredRecord>();
  reads = 0;
  async get(collection: string, key: string): Promise<StoredRecord | null> {
    this.reads++;
    return this.rows.get(`${collection}:${key}`) ?? null;
  }
  async list(collection: string, prefix: string, page: { readonly after?: string; readonly limit: number }) {
    this.reads++;
    return [...this.rows]
      .filter(
        ([full, row]) =>
          full === `${collection}:${row.key}` && row.key.startsWith(prefix) && row.key > (page.after ?? ''),
      )
      .map(([, row]) => row)
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .slice(0, page.limit);
  }
  async commit(commands: readonly Command[]): Promise<Outcome[]> {
    return commands.map((command) => {
      for (const { collection, key, version } of command.requires ?? []) {
        if ((this.rows.get(`${collection}:${key}`)?.version ?? 0) !== version)
          return { kind: 'conflict', collection, key };
      }
      for (const { collection, key, value } of command.changes ?? []) {
        const full = `${collection}:${key}`;
        if (value === null) this.rows.delete(full);
        else this.rows.set(full, { key, value, version: (this.rows.get(full)?.version ?? 0) + 1 });
      }
      return { kind: 'committed', at: 0, positions: [], pointers: [] };
    });
  }
}

export interface World extends Context {
  readonly clock: TestClock;
  readonly bus: TestBus;
  readonly fake: FakeStore;
}

/** A server's accounts without a network: event `hui` with an owner, a moderator, a speaker and two attendees. */
export async function createWorld(
  options: { readonly demo?: boolean; readonly openChannels?: boolean } = {},
): Promise<World> {
  const fake = new FakeStore();
  const store = fake as unknown as Store;
  const clock = new TestClock();
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
  return { ...context, fake, clock, bus };
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
