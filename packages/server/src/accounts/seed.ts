import { type Append, accept, type Command } from '@konferenco/core';
import { createIdGenerator, type Envelope } from '@konferenco/protocol';
import { planSession } from '../sync/plan-session.ts';
import { readSessions, sessionRows } from '../sync/programme.ts';
import { scheduleAppend } from '../sync/system.ts';
import { change, tell } from './change.ts';
import type { Context } from './context.ts';
import { partChanges } from './membership.ts';
import { memberChanges } from './people.ts';
import { at, CHANNELS, EVENT_CHANNELS, EVENTS, MARK, put, read, recordKey, SEEDS, USERS } from './records.ts';
import { DEMO_CHANNELS, DEMO_PEOPLE } from './seed-people.ts';
import { planChanges } from './seed-plans.ts';
import { DEMO_TIME_ZONE, demoProgramme } from './seed-programme.ts';
import { DEMO_TALK, type Line } from './seed-talk.ts';

/** Id of the demo event. */
export const DEMO_EVENT = 'hui-taiao-2026';

const MINUTE = 60_000;
const FIRST_JOINED = 1_300 * MINUTE;
/** After the message itself. */
const REACTED = MINUTE / 2;

type Changes = NonNullable<Command['changes']>;

/**
 * Fills a demo server with an invented two-day event: people, channels, a programme that begins today, and what has been
 * said so far. Does so once, in one transaction; a later start only moves a programme that is over to today.
 */
export async function seedDemo(context: Context): Promise<void> {
  const { store, clock } = context;
  const seeded = await read(store, SEEDS, DEMO_EVENT);
  if (seeded.value) return renewProgramme(context);
  const now = clock.now();
  const [outcome] = await store.commit([
    {
      requires: [at(SEEDS, DEMO_EVENT, seeded.version)],
      changes: [
        put(SEEDS, DEMO_EVENT, MARK),
        ...eventChanges(context, now),
        ...peopleChanges(now),
        ...channelChanges(now),
      ],
      appends: talk(context, now),
    },
  ]);
  if (outcome?.kind !== 'committed' && outcome?.kind !== 'conflict')
    throw new Error('the demo event could not be stored');
  tell(context, [
    ...DEMO_CHANNELS.map(({ id }) => ({ kind: 'changed', what: 'channel', id, event: DEMO_EVENT }) as const),
    ...DEMO_PEOPLE.map(({ id }) => ({ kind: 'changed', what: 'profile', id, user: id }) as const),
  ]);
}

/** Moves a programme that is over to today, as an organiser would: devices that know the old times hear of the new. */
async function renewProgramme(context: Context): Promise<void> {
  const now = context.clock.now();
  const sessions = await readSessions(context, DEMO_EVENT);
  if (sessions.some(({ ends_at }) => ends_at > now)) return;
  for (const { id, session } of demoProgramme(now)) {
    const { starts_at, ends_at } = session;
    await change(context, async () => {
      const payload = { session: id, ...context.replica.next(), set: { starts_at, ends_at } };
      const append = scheduleAppend(DEMO_EVENT, { id: context.newId(), subtype: 'session_change', payload, now });
      const planned = await planSession(context, { append, envelope: JSON.parse(append.envelope) as Envelope });
      return planned.kind === 'commit' ? { ...planned, result: undefined } : { result: undefined };
    });
  }
}

function eventChanges({ replica }: Context, now: number): Changes {
  const sessions = demoProgramme(now);
  const event = { title: 'Hui Taiao 2026', time_zone: DEMO_TIME_ZONE, created_at: now - FIRST_JOINED };
  return [
    put(EVENTS, DEMO_EVENT, event),
    ...sessionRows(DEMO_EVENT, sessions),
    ...planChanges({ event: DEMO_EVENT, now, sessions, replica }),
  ];
}

function peopleChanges(now: number): Changes {
  const joined_at = now - FIRST_JOINED;
  return DEMO_PEOPLE.flatMap(({ id, name, role, about }) => [
    put(USERS, id, { name, about, created_at: joined_at }),
    ...memberChanges(DEMO_EVENT, { id, name }, role, joined_at),
  ]);
}

function channelChanges(now: number): Changes {
  const created_at = now - FIRST_JOINED;
  const everybody = DEMO_PEOPLE.map(({ id }) => id);
  return DEMO_CHANNELS.flatMap(({ id, title, topic, visibility, joins, members = everybody }) => {
    const created_by = members[0] ?? '';
    const channel = { event: DEMO_EVENT, title, topic, visibility, archived: false, created_by, created_at };
    return [
      put(CHANNELS, id, channel),
      put(EVENT_CHANNELS, recordKey(DEMO_EVENT, id), { joins }),
      ...members.flatMap((user) => partChanges(id, user, created_at, user === created_by ? 'moderator' : 'member')),
    ];
  });
}

/** The talk as appends, each accepted by the rules every message has to pass. */
function talk({ random }: Pick<Context, 'random'>, now: number): Append[] {
  let time = 0;
  const newId = createIdGenerator({ now: () => time, random16: () => random.bytes(16) });
  const ids = new Map<string, string>();
  const known = (key: string) => {
    const id = ids.get(key);
    if (id === undefined) throw new Error(`no line is called ${key}`);
    return id;
  };
  const moments = DEMO_TALK.flatMap((line) => [
    { at: now - line.ago * MINUTE, line, reaction: null },
    ...reactionsOf(line).map((reaction) => ({ at: now - line.ago * MINUTE + REACTED, line, reaction })),
  ]).sort((a, b) => a.at - b.at);
  const said = new Map<Line, string>();
  return moments.map(({ at, line, reaction }) => {
    time = at;
    const id = newId();
    if (reaction) {
      const payload = { target: said.get(line), emoji: reaction.emoji, op: 'add' };
      return append(
        { id, subtype: 'reaction', user: reaction.user, channel: line.channel, payload, timestamp: at },
        now,
      );
    }
    said.set(line, id);
    if (line.key !== undefined) ids.set(line.key, id);
    const { text, mentions, thread, reply_to } = line;
    const payload = {
      text,
      ...(mentions ? { mentions } : {}),
      ...(thread === undefined ? {} : { thread: known(thread) }),
      ...(reply_to === undefined ? {} : { reply_to: known(reply_to) }),
    };
    const subtype = thread === undefined ? 'channel_message' : 'thread_reply';
    return append({ id, subtype, user: line.from, channel: line.channel, payload, timestamp: at }, now);
  });
}

function reactionsOf({ reactions = {} }: Line): { readonly emoji: string; readonly user: string }[] {
  return Object.entries(reactions).flatMap(([emoji, users]) => users.map((user) => ({ emoji, user })));
}

interface Said {
  readonly id: string;
  readonly subtype: string;
  readonly user: string;
  readonly channel: string;
  readonly payload: Envelope['payload'];
  readonly timestamp: number;
}

function append({ id, subtype, user, channel, payload, timestamp }: Said, now: number): Append {
  const envelope: Envelope = {
    id,
    type: 'chat',
    subtype,
    from: { user_id: user },
    to: { type: 'channel', id: channel, event_id: DEMO_EVENT },
    payload,
    timestamp,
  };
  const acceptance = accept(envelope, { user, now });
  if (acceptance.kind !== 'store')
    throw new Error(`a line of the demo is not acceptable: ${JSON.stringify(acceptance)}`);
  const { expires_at, notify, thread, text } = acceptance.entry;
  return {
    log: acceptance.log,
    id,
    sender: user,
    envelope: JSON.stringify(envelope),
    expires_at,
    notify,
    ...(thread === undefined ? {} : { thread }),
    ...(text === undefined ? {} : { text }),
  };
}
