import type { Role, Visibility } from '@konferenco/protocol';
import type { RecordKey, Store, StoredRecord, KeyPage } from '@konferenco/core';

/**
 * The layout of every record that is not a log: collection, form of its keys, type of its values. Ids hold no slash,
 * so a key is its parts joined with `/`, and `list` by the first part answers "all of this one".
 */
export interface Collection<Value> {
  readonly name: string;
  /** Never set: carries the type of the values. */
  readonly value?: Value;
}

const collection = <Value>(name: string): Collection<Value> => ({ name });

/** An entry of an index: that the key exists is all it says. */
export type Mark = Readonly<Record<string, never>>;
export const MARK: Mark = {};

/** `{user}` */
export interface UserRecord {
  readonly name: string;
  readonly about?: string;
  readonly created_at: number;
}
export const USERS = collection<UserRecord>('user');

/** `{user}/{device}`: the Ed25519 key (raw, base64url) that the device's signatures verify with. */
export interface DeviceRecord {
  readonly public_key: string;
  readonly set_at: number;
}
export const DEVICES = collection<DeviceRecord>('device');

/** `{session}`: a sign-in. */
export interface SessionRecord {
  readonly user: string;
  readonly device: string;
  /** SHA-256 of the part of the refresh token that stays the same, and of the part that is good for one use. */
  readonly family: string;
  readonly current: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly ended?: 'signed_out' | 'reused';
}
export const SESSIONS = collection<SessionRecord>('session');

/** `{event}` */
export interface EventRecord {
  readonly title: string;
  readonly time_zone: string;
  readonly created_at: number;
}
export const EVENTS = collection<EventRecord>('event');

/** `{event}/{user}`: membership and role. A banned member keeps the row, so that the ban outlasts leaving. */
export interface MemberRecord {
  readonly role: Role;
  readonly joined_at: number;
  readonly banned?: boolean;
}
export const MEMBERS = collection<MemberRecord>('member');

/** `{user}/{event}`: the events of a person, bans included. */
export const USER_EVENTS = collection<Mark>('user_event');

/** `{event}/{folded name}/{user}`: members that are not banned, in the order of their names. */
export const MEMBER_NAMES = collection<Mark>('member_name');

/** `{event}/{session}`: the programme. */
export interface ProgrammeRecord {
  readonly title: string;
  readonly room: string;
  readonly starts_at: number;
  readonly ends_at: number;
  readonly speakers: readonly { readonly name: string; readonly user_id?: string }[];
  readonly abstract: string;
  readonly channel_id?: string;
}
export const PROGRAMME = collection<ProgrammeRecord>('programme');

/** `{channel}` */
export interface ChannelRecord {
  readonly event: string;
  readonly title: string;
  readonly topic: string;
  readonly visibility: Visibility;
  readonly archived: boolean;
  readonly created_by: string;
  readonly created_at: number;
}
export const CHANNELS = collection<ChannelRecord>('channel');

/** `{event}/{channel}`; `joins`: new members of the event join it by themselves. */
export interface EventChannelRecord {
  readonly joins: boolean;
}
export const EVENT_CHANNELS = collection<EventChannelRecord>('event_channel');

/** `{channel}/{user}` */
export interface ChannelMemberRecord {
  readonly part: 'member' | 'moderator';
  readonly joined_at: number;
}
export const CHANNEL_MEMBERS = collection<ChannelMemberRecord>('channel_member');

/** `{user}/{channel}`: the channels somebody joined. */
export const USER_CHANNELS = collection<Mark>('user_channel');

/** `{user}/{peer}`: direct conversations; both rows are written with the first message. */
export const DIRECTS = collection<Mark>('direct');

/** `{user}/{log}`: how far somebody has read. */
export interface ReadRecord {
  readonly offset: number;
}
export const READS = collection<ReadRecord>('read');

/** `{user}/{log}` */
export const MUTES = collection<Mark>('mute');

/** `{user}/{blocked}`, and `{blocked}/{user}` to find it from the other side. */
export const BLOCKS = collection<Mark>('block');
export const BLOCKED_BY = collection<Mark>('blocked_by');

/** `{SHA-256 of the code}`: an invitation. The code itself is not kept. */
export interface InviteRecord {
  readonly event: string;
  readonly role: Role;
  readonly max_uses: number;
  readonly uses: number;
  readonly created_by: string;
  readonly expires_at: number;
  readonly revoked?: boolean;
}
export const INVITES = collection<InviteRecord>('invite');

/** `{case}` */
export interface ReportRecord {
  readonly event: string;
  readonly log: string;
  readonly message_id: string;
  readonly offset: number;
  readonly reason: string;
  readonly reporter: string;
  readonly reported: string;
  readonly status: 'open' | 'dismissed' | 'actioned';
  readonly created_at: number;
  readonly quote: string;
  readonly decided_by?: string;
  readonly action?: 'none' | 'remove_message' | 'ban';
}
export const REPORTS = collection<ReportRecord>('report');

/** `{event}/{case}` and `{event}/{reporter}/{case}`: cases in the order they came. */
export const EVENT_REPORTS = collection<Mark>('event_report');
export const REPORTER_REPORTS = collection<Mark>('reporter_report');

/** `{reporter}/{message}`: the case somebody already opened about a message. */
export interface ReportedRecord {
  readonly case: string;
}
export const REPORTED = collection<ReportedRecord>('reported');

/** `{what}`: the last number given out. */
export interface CounterRecord {
  readonly last: number;
}
export const COUNTERS = collection<CounterRecord>('counter');

/** `{name}`: what was put in once at the first start. */
export const SEEDS = collection<Mark>('seed');

/** A record as read: its value and the version that a change of it requires; version 0 and `null` when there is none. */
export interface Versioned<Value> {
  readonly value: Value | null;
  readonly version: number;
}

export function recordKey(...parts: readonly string[]): string {
  return parts.join('/');
}

/** The part of a key after its last slash. */
export function lastPart(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/** One record. */
export async function read<Value>(store: Store, from: Collection<Value>, key: string): Promise<Versioned<Value>> {
  const record = await store.get(from.name, key);
  return record ? { value: record.value as Value, version: record.version } : { value: null, version: 0 };
}

export interface Keyed<Value> {
  readonly key: string;
  readonly value: Value;
  readonly version: number;
}

/** One page of records whose key starts with `prefix`, in key order, after the key `after`. */
export async function listPage<Value>(
  store: Store,
  from: Collection<Value>,
  prefix: string,
  page: KeyPage,
): Promise<Keyed<Value>[]> {
  const records: readonly StoredRecord[] = await store.list(from.name, prefix, page);
  return records.map((record) => ({ key: record.key, value: record.value as Value, version: record.version }));
}

const PAGE = 500;

/** All records whose key starts with `prefix`, at most `max` of them. */
export async function listAll<Value>(
  store: Store,
  from: Collection<Value>,
  prefix: string,
  max: number,
): Promise<Keyed<Value>[]> {
  const all: Keyed<Value>[] = [];
  while (all.length < max) {
    const limit = Math.min(PAGE, max - all.length);
    const after = all.at(-1)?.key;
    const page = await listPage(store, from, prefix, after === undefined ? { limit } : { after, limit });
    all.push(...page);
    if (page.length < limit) break;
  }
  return all;
}

/** A row to write in a command. */
export function put<Value>(to: Collection<Value>, key: string, value: Value): RecordKey & { readonly value: unknown } {
  return { collection: to.name, key, value };
}

/** A row to delete in a command. */
export function drop<Value>(from: Collection<Value>, key: string): RecordKey & { readonly value: unknown } {
  return { collection: from.name, key, value: null };
}

/** A precondition of a command: the row still stands at this version (0: absent). */
export function at<Value>(
  of: Collection<Value>,
  key: string,
  version: number,
): RecordKey & { readonly version: number } {
  return { collection: of.name, key, version };
}
