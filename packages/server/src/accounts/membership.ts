import { type BusRecord, type Command, isAbove, isAtLeast } from '@konferenco/core';
import type { EventInfo, Member, Role } from '@konferenco/protocol';
import { type Authored, author } from '../sync/authored.ts';
import { change } from './change.ts';
import type { Context } from './context.ts';
import { foldName } from './names.ts';
import { getProfile, memberChanges, memberNameKey } from './people.ts';
import {
  at,
  CHANNEL_MEMBERS,
  drop,
  EVENT_CHANNELS,
  lastPart,
  listAll,
  listPage,
  MARK,
  MEMBER_NAMES,
  MEMBERS,
  put,
  read,
  recordKey,
  USER_CHANNELS,
  USER_EVENTS,
} from './records.ts';
import { Refused } from './refused.ts';

const MAX_CHANNELS = 1_000;

type Changes = NonNullable<Command['changes']>;

/** A page of something and where the next begins. */
export interface Paged<Item> {
  items: Item[];
  next?: string;
}

/**
 * Parts of the command of somebody's joining an event, and what to tell: membership, and the channels that new members
 * join by themselves.
 */
export async function joining(
  context: Context,
  event: string,
  user: { readonly id: string; readonly name: string },
  role: Role,
): Promise<Authored & { readonly tell: readonly BusRecord[] }> {
  const now = context.clock.now();
  const first = await firstChannels(context, event, user.id);
  const said = await authorJoins(context, user.id, first);
  return {
    requires: said.requires,
    appends: said.appends,
    changes: [
      ...memberChanges(event, user, role, now),
      ...first.flatMap((channel) => partChanges(channel, user.id, now)),
      ...said.changes,
    ],
    tell: [
      { kind: 'changed', what: 'membership', id: event, user: user.id, event },
      ...first.map((id): BusRecord => ({ kind: 'changed', what: 'membership', id, user: user.id })),
    ],
  };
}

/** Joins the channels that new members join by themselves, if the person has none at all yet. */
export async function joinFirstChannels(context: Context, event: string, user: string): Promise<void> {
  if ((await listPage(context.store, USER_CHANNELS, `${user}/`, { limit: 1 })).length > 0) return;
  await change(context, async () => {
    const first = await firstChannels(context, event, user);
    const said = await authorJoins(context, user, first);
    const rows = first.flatMap((channel) => partChanges(channel, user, context.clock.now()));
    return {
      command: { ...said, changes: [...rows, ...said.changes] },
      tell: first.map((id): BusRecord => ({ kind: 'changed', what: 'membership', id, user })),
      result: undefined,
    };
  });
}

/** An event as `user` sees it. @throws {Refused} `not_found`, `not_member`, `banned` */
export async function eventInfo(context: Context, event: string, user: string): Promise<EventInfo> {
  const { directory } = context;
  const record = await directory.event(event);
  if (!record) throw new Refused('not_found');
  const role = await roleIn(context, event, user);
  return {
    id: event,
    title: record.title,
    role,
    time_zone: record.time_zone,
    members: await directory.memberCount(event),
  };
}

/** Events that `user` belongs to. */
export async function eventsOf(context: Context, user: string): Promise<EventInfo[]> {
  const { directory, demoEvent } = context;
  const known = await directory.eventsOf(user);
  const events = demoEvent === undefined || known.includes(demoEvent) ? known : [demoEvent, ...known];
  const infos = await Promise.all(
    events.map(async (event) => {
      const standing = await directory.standing(event, user);
      return standing.kind === 'member' && (await directory.event(event)) ? eventInfo(context, event, user) : null;
    }),
  );
  return infos.filter((info) => info !== null);
}

/** True when the person was banned and belongs to no event any more. */
export async function isShutOut(context: Context, user: string): Promise<boolean> {
  const { directory, demoEvent } = context;
  const events = new Set([...(await directory.eventsOf(user)), ...(demoEvent === undefined ? [] : [demoEvent])]);
  const standings = await Promise.all([...events].map((event) => directory.standing(event, user)));
  return standings.length > 0 && standings.every((standing) => standing.kind === 'banned');
}

/** @throws {Refused} `not_member`, `banned` */
export async function roleIn({ directory }: Context, event: string, user: string): Promise<Role> {
  const standing = await directory.standing(event, user);
  if (standing.kind === 'member') return standing.role;
  throw new Refused(standing.kind === 'banned' ? 'banned' : 'not_member');
}

/** @throws {Refused} `forbidden` for those below `least`; `not_member`, `banned` */
export async function requireRole(context: Context, event: string, user: string, least: Role): Promise<Role> {
  const role = await roleIn(context, event, user);
  if (!isAtLeast(role, least)) throw new Refused('forbidden');
  return role;
}

export interface MembersQuery {
  /** Beginning of a name, in any case, with or without macrons. */
  readonly q?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/** Members in the order of their names. */
export async function members(context: Context, event: string, query: MembersQuery): Promise<Paged<Member>> {
  const { q = '', after, limit = 50 } = query;
  const prefix = `${event}/`;
  const page = await listPage(context.store, MEMBER_NAMES, `${prefix}${foldName(q)}`, {
    limit,
    ...(after === undefined ? {} : { after: prefix + after }),
  });
  const found = await Promise.all(page.map(({ key }) => member(context, event, lastPart(key))));
  const last = page.length === limit ? page.at(-1)?.key.slice(prefix.length) : undefined;
  return { items: found, ...(last === undefined ? {} : { next: last }) };
}

/** @throws {Refused} `not_found`, `not_member`, `banned` */
export async function member(context: Context, event: string, user: string): Promise<Member> {
  return { user: await getProfile(context, user), role: await roleIn(context, event, user) };
}

/** Owners change roles; moderators lift bans, to attendee. @throws {Refused} */
export function setRole(
  context: Context,
  actor: string,
  event: string,
  target: { readonly user: string; readonly role: Role },
): Promise<Member> {
  const { user, role } = target;
  return change(context, async () => {
    const power = await requireRole(context, event, actor, 'moderator');
    const known = await read(context.store, MEMBERS, recordKey(event, user));
    if (!known.value) throw new Refused('not_found');
    const lifts = known.value.banned === true;
    if (power !== 'owner' && !(lifts && role === 'attendee')) throw new Refused('forbidden');
    if (known.value.role === 'owner' && role !== 'owner') await requireOtherOwner(context, event, user);
    const name = await getProfile(context, user);
    return {
      command: {
        requires: [at(MEMBERS, recordKey(event, user), known.version)],
        changes: memberChanges(event, name, role, known.value.joined_at),
      },
      tell: [{ kind: 'changed', what: 'membership', id: event, user, event }],
      result: { user: name, role },
    };
  });
}

/** Removes and bans a member below the actor's own role; ends their connections everywhere. @throws {Refused} */
export async function ban(context: Context, actor: string, event: string, user: string): Promise<void> {
  await change(context, async () => {
    const power = await requireRole(context, event, actor, 'moderator');
    const { known, name } = await knownMember(context, event, user);
    if (!isAbove(power, known.value.role)) throw new Refused('forbidden');
    if (known.value.banned) return { result: undefined };
    return {
      command: {
        requires: [at(MEMBERS, recordKey(event, user), known.version)],
        changes: [
          put(MEMBERS, recordKey(event, user), { ...known.value, banned: true }),
          drop(MEMBER_NAMES, memberNameKey(event, { id: user, name })),
        ],
      },
      tell: [
        { kind: 'changed', what: 'membership', id: event, user, event },
        { kind: 'revoked', user, reason: 'banned' },
      ],
      result: undefined,
    };
  });
}

/** Leaves an event and its channels. The last owner cannot. @throws {Refused} `not_member`, `banned`, `conflict` */
export async function leaveEvent(context: Context, event: string, user: string): Promise<void> {
  await change(context, async () => {
    if ((await roleIn(context, event, user)) === 'owner') await requireOtherOwner(context, event, user);
    const { known, name } = await knownMember(context, event, user);
    const joined = await listAll(context.store, USER_CHANNELS, `${user}/`, MAX_CHANNELS);
    const records = await Promise.all(
      joined.map(async ({ key }) => ({ id: lastPart(key), channel: await context.directory.channel(lastPart(key)) })),
    );
    const left = records.filter(({ channel }) => channel?.event === event).map(({ id }) => id);
    const said = await author(
      context,
      { user, by: user },
      left.map((element) => ({ on: 'channels', op: 'remove', element })),
    );
    return {
      command: {
        requires: [at(MEMBERS, recordKey(event, user), known.version), ...said.requires],
        appends: said.appends,
        changes: [
          ...said.changes,
          drop(MEMBERS, recordKey(event, user)),
          drop(USER_EVENTS, recordKey(user, event)),
          drop(MEMBER_NAMES, memberNameKey(event, { id: user, name })),
          ...left.flatMap((id) => [
            drop(CHANNEL_MEMBERS, recordKey(id, user)),
            drop(USER_CHANNELS, recordKey(user, id)),
          ]),
        ],
      },
      tell: [
        { kind: 'changed', what: 'membership', id: event, user, event },
        ...left.map((id): BusRecord => ({ kind: 'changed', what: 'membership', id, user })),
      ],
      result: undefined,
    };
  });
}

/** Rows that make somebody part of a channel. */
export function partChanges(
  channel: string,
  user: string,
  joined_at: number,
  part: 'member' | 'moderator' = 'member',
): Changes {
  return [
    put(CHANNEL_MEMBERS, recordKey(channel, user), { part, joined_at }),
    put(USER_CHANNELS, recordKey(user, channel), MARK),
  ];
}

function authorJoins(context: Context, user: string, channels: readonly string[]): Promise<Authored> {
  return author(
    context,
    { user, by: user },
    channels.map((element) => ({ on: 'channels', op: 'add', element })),
  );
}

async function firstChannels(context: Context, event: string, user: string): Promise<string[]> {
  const all = await listAll(context.store, EVENT_CHANNELS, `${event}/`, MAX_CHANNELS);
  const candidates = all.filter(({ value }) => value.joins).map(({ key }) => lastPart(key));
  const parts = await Promise.all(candidates.map((channel) => context.directory.part(channel, user)));
  return candidates.filter((_, index) => parts[index] === 'none');
}

/** The member's row and name. In demo mode everybody is a member, with or without a row. */
async function knownMember(context: Context, event: string, user: string) {
  const [row, person] = await Promise.all([
    read(context.store, MEMBERS, recordKey(event, user)),
    context.directory.user(user),
  ]);
  if (!row.value) throw new Refused('not_found');
  return { known: { value: row.value, version: row.version }, name: person?.name ?? user };
}

async function requireOtherOwner(context: Context, event: string, user: string): Promise<void> {
  const all = await listAll(context.store, MEMBERS, `${event}/`, Number.MAX_SAFE_INTEGER);
  const others = all.filter(({ key, value }) => value.role === 'owner' && !value.banned && lastPart(key) !== user);
  if (others.length === 0) throw new Refused('conflict', { detail: 'an event keeps at least one owner' });
}
