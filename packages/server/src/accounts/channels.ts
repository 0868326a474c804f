import { type BusRecord, channelModerate, channelRead, isAtLeast, mayPost } from '@konferenco/core';
import type { Channel, Member, Visibility } from '@konferenco/protocol';
import { author, type Whose } from '../sync/authored.ts';
import { change } from './change.ts';
import type { Context } from './context.ts';
import { partChanges, type Paged, roleIn } from './membership.ts';
import { slugOf } from './names.ts';
import { getProfile } from './people.ts';
import {
  at,
  CHANNEL_MEMBERS,
  type ChannelRecord,
  CHANNELS,
  drop,
  EVENT_CHANNELS,
  lastPart,
  listAll,
  listPage,
  put,
  read,
  recordKey,
  USER_CHANNELS,
} from './records.ts';
import { Refused } from './refused.ts';
import { randomText } from './secrets.ts';

const MAX_CHANNELS = 1_000;
/** Members of a private channel that are told of a change at once; others see it with the next request. */
const MAX_TOLD = 1_000;

/** A channel as `user` sees it. @throws {Refused} `not_found` also when it may not be read, so that it stays unknown */
export async function getChannel(context: Context, id: string, user: string): Promise<Channel> {
  const seen = await see(context, id, user);
  if (channelRead(seen.channel, seen.standing, seen.part) !== 'ok') throw new Refused('not_found');
  return view(id, seen);
}

/** Channels of an event that `user` may read, by id. @throws {Refused} `not_member`, `banned` */
export async function listChannels(context: Context, event: string, user: string): Promise<Channel[]> {
  await roleIn(context, event, user);
  const rows = await listAll(context.store, EVENT_CHANNELS, `${event}/`, MAX_CHANNELS);
  const channels = await Promise.all(
    rows.map(async ({ key }) => {
      const id = lastPart(key);
      if (!(await context.directory.channel(id))) return null;
      const seen = await see(context, id, user);
      return channelRead(seen.channel, seen.standing, seen.part) === 'ok' ? view(id, seen) : null;
    }),
  );
  return channels.filter((channel) => channel !== null);
}

export interface NewChannel {
  readonly title: string;
  readonly topic?: string | undefined;
  readonly visibility: Visibility;
}

/**
 * A new channel, whose creator becomes its moderator. Announce channels are for speakers and above to make.
 * @throws {Refused} `forbidden`, `not_member`, `banned`
 */
export async function createChannel(
  context: Context,
  actor: string,
  event: string,
  request: NewChannel,
): Promise<Channel> {
  const role = await roleIn(context, event, actor);
  if (request.visibility === 'announce' && !isAtLeast(role, 'speaker')) throw new Refused('forbidden');
  const id = await change(context, async () => {
    const id = await freeChannelId(context, request.title);
    const said = await author(context, { user: actor, by: actor }, [{ on: 'channels', op: 'add', element: id }]);
    const now = context.clock.now();
    const channel: ChannelRecord = {
      event,
      title: request.title,
      topic: request.topic ?? '',
      visibility: request.visibility,
      archived: false,
      created_by: actor,
      created_at: now,
    };
    return {
      command: {
        requires: [at(CHANNELS, id, 0), ...said.requires],
        changes: [
          put(CHANNELS, id, channel),
          put(EVENT_CHANNELS, recordKey(event, id), { joins: false }),
          ...partChanges(id, actor, now, 'moderator'),
          ...said.changes,
        ],
        appends: said.appends,
      },
      tell: [
        { kind: 'changed', what: 'channel', id, event, ...(request.visibility === 'private' ? { user: actor } : {}) },
        { kind: 'changed', what: 'membership', id, user: actor },
      ],
      result: id,
    };
  });
  return getChannel(context, id, actor);
}

export interface ChannelUpdate {
  readonly title?: string | undefined;
  readonly topic?: string | undefined;
  readonly archived?: boolean | undefined;
}

/** Renames, re-describes, archives or reopens a channel: its moderators. @throws {Refused} */
export async function updateChannel(
  context: Context,
  actor: string,
  id: string,
  update: ChannelUpdate,
): Promise<Channel> {
  await change(context, async () => {
    await requireModerator(context, id, actor);
    const known = await read(context.store, CHANNELS, id);
    if (!known.value) throw new Refused('not_found');
    const { title = known.value.title, topic = known.value.topic, archived = known.value.archived } = update;
    return {
      command: {
        requires: [at(CHANNELS, id, known.version)],
        changes: [put(CHANNELS, id, { ...known.value, title, topic, archived })],
      },
      tell: await channelChanged(context, id, known.value),
      result: undefined,
    };
  });
  return getChannel(context, id, actor);
}

/** Joins a channel that may be read. @throws {Refused} `not_found` for private ones, `not_member`, `banned` */
export async function joinChannel(context: Context, user: string, id: string): Promise<Channel> {
  await getChannel(context, id, user);
  await addPart(context, id, { user, by: user });
  return getChannel(context, id, user);
}

/** Leaves a channel. Leaving one that was never joined changes nothing. */
export function leaveChannel(context: Context, user: string, id: string): Promise<void> {
  return removePart(context, id, { user, by: user });
}

/** Takes a member of the event into a channel: its moderators. @throws {Refused} `forbidden`, `not_found`, `blocked` */
export async function addChannelMember(context: Context, actor: string, id: string, user: string): Promise<void> {
  const channel = await requireModerator(context, id, actor);
  const standing = await context.directory.standing(channel.event, user);
  if (standing.kind !== 'member' || !(await context.directory.user(user))) throw new Refused('not_found');
  if (await context.directory.blocked(actor, user)) throw new Refused('blocked');
  await addPart(context, id, { user, by: actor });
}

/** Removes somebody from a channel: its moderators; a channel's moderator, only the event's. @throws {Refused} */
export async function removeChannelMember(context: Context, actor: string, id: string, user: string): Promise<void> {
  if (actor === user) return removePart(context, id, { user, by: user });
  const channel = await requireModerator(context, id, actor);
  if ((await context.directory.part(id, user)) === 'moderator') {
    const role = await roleIn(context, channel.event, actor);
    if (!isAtLeast(role, 'moderator')) throw new Refused('forbidden');
  }
  return removePart(context, id, { user, by: actor });
}

/** Who joined a channel, by id. People who left the event or were banned are not among them. @throws {Refused} */
export async function channelMembers(
  context: Context,
  actor: string,
  id: string,
  query: { readonly after?: string | undefined; readonly limit?: number | undefined },
): Promise<Paged<Member>> {
  const { after, limit = 50 } = query;
  const { event_id } = await getChannel(context, id, actor);
  const page = await listPage(context.store, CHANNEL_MEMBERS, `${id}/`, {
    limit,
    ...(after === undefined ? {} : { after: recordKey(id, after) }),
  });
  const found = await Promise.all(
    page.map(async ({ key, value }): Promise<Member | null> => {
      const user = lastPart(key);
      const standing = await context.directory.standing(event_id, user);
      if (standing.kind !== 'member') return null;
      const moderates = value.part === 'moderator' ? { moderates: true } : {};
      return { user: await getProfile(context, user), role: standing.role, ...moderates };
    }),
  );
  const last = page.length === limit ? page.at(-1) : undefined;
  return { items: found.filter((each) => each !== null), ...(last ? { next: lastPart(last.key) } : {}) };
}

async function see(context: Context, id: string, user: string) {
  const { directory } = context;
  const channel = await directory.channel(id);
  if (!channel) throw new Refused('not_found');
  const [standing, part] = await Promise.all([directory.standing(channel.event, user), directory.part(id, user)]);
  return { channel, standing, part };
}

function view(id: string, { channel, standing, part }: Awaited<ReturnType<typeof see>>): Channel {
  return {
    id,
    event_id: channel.event,
    title: channel.title,
    topic: channel.topic,
    visibility: channel.visibility,
    archived: channel.archived,
    created_by: channel.created_by,
    joined: part !== 'none',
    may_post: mayPost(channel, standing, part),
    may_moderate: channelModerate(channel, standing, part),
  };
}

async function requireModerator(context: Context, id: string, actor: string): Promise<ChannelRecord> {
  const { channel, standing, part } = await see(context, id, actor);
  if (channelRead(channel, standing, part) !== 'ok') throw new Refused('not_found');
  if (!channelModerate(channel, standing, part)) throw new Refused('forbidden');
  return channel;
}

async function addPart(context: Context, id: string, { user, by }: Whose): Promise<void> {
  await change(context, async () => {
    const key = recordKey(id, user);
    const known = await read(context.store, CHANNEL_MEMBERS, key);
    if (known.value) return { result: undefined };
    const said = await author(context, { user, by }, [{ on: 'channels', op: 'add', element: id }]);
    return {
      command: {
        requires: [at(CHANNEL_MEMBERS, key, known.version), ...said.requires],
        changes: [...partChanges(id, user, context.clock.now()), ...said.changes],
        appends: said.appends,
      },
      tell: [{ kind: 'changed', what: 'membership', id, user }],
      result: undefined,
    };
  });
}

/** A removal by somebody else wins against what the person did about this channel without having seen it. */
async function removePart(context: Context, id: string, { user, by }: Whose): Promise<void> {
  const admin = by === user ? {} : { admin: true as const };
  await change(context, async () => {
    const said = await author(context, { user, by }, [{ on: 'channels', op: 'remove', element: id, ...admin }]);
    const rows = [drop(CHANNEL_MEMBERS, recordKey(id, user)), drop(USER_CHANNELS, recordKey(user, id))];
    return {
      command: { ...said, changes: [...rows, ...said.changes] },
      tell: [{ kind: 'changed', what: 'membership', id, user }],
      result: undefined,
    };
  });
}

/** Of a private channel only its members are told: that it exists is not for others to know. */
async function channelChanged({ store }: Context, id: string, channel: ChannelRecord): Promise<BusRecord[]> {
  const changed = { kind: 'changed', what: 'channel', id, event: channel.event } as const;
  if (channel.visibility !== 'private') return [changed];
  const members = await listAll(store, CHANNEL_MEMBERS, `${id}/`, MAX_TOLD);
  return members.map(({ key }) => ({ ...changed, user: lastPart(key) }));
}

async function freeChannelId({ store, random }: Context, title: string): Promise<string> {
  const slug = slugOf(title).replace(/^user$/, 'channel');
  for (let number = 1; number <= 20; number++) {
    const id = number === 1 ? slug : `${slug}-${number}`;
    if (!(await read(store, CHANNELS, id)).value) return id;
  }
  return `${slug}-${randomText(random, 6).replace(/[^A-Za-z0-9]/g, '0')}`;
}
