import type { BusRecord, Command } from '@konferenco/core';
import { isId, type Role, SYSTEM_ID, type User } from '@konferenco/protocol';
import { author } from '../sync/authored.ts';
import { change } from './change.ts';
import type { Context } from './context.ts';
import { cleanName, foldName, slugOf } from './names.ts';
import {
  at,
  drop,
  MARK,
  MEMBER_NAMES,
  MEMBERS,
  put,
  read,
  recordKey,
  USER_EVENTS,
  type UserRecord,
  USERS,
  type Versioned,
} from './records.ts';
import { Refused } from './refused.ts';
import { randomText } from './secrets.ts';

const MAX_SUFFIX = 20;

/** The public profile of a user. */
export function profile(id: string, record: UserRecord): User {
  return record.about === undefined ? { id, name: record.name } : { id, name: record.name, about: record.about };
}

/** @throws {Refused} `not_found` */
export async function getProfile(context: Context, user: string): Promise<User> {
  const record = await context.directory.user(user);
  if (!record) throw new Refused('not_found');
  return profile(user, record);
}

/** What a change of name or self-description leaves; the member lists of the person's events follow the name. */
export function updateProfile(
  context: Context,
  user: string,
  update: { readonly name?: string | undefined; readonly about?: string | undefined },
): Promise<User> {
  return change(context, async () => {
    const known = await read(context.store, USERS, user);
    if (!known.value) throw new Refused('not_found');
    const { about = known.value.about, name = known.value.name } = update;
    const record: UserRecord = { ...known.value, name: cleanName(name), ...(about === undefined ? {} : { about }) };
    const renames = await renameChanges(context, user, [known.value.name, record.name]);
    const said = await author(context, { user, by: user }, [
      { on: 'profile', op: 'set', field: 'name', value: record.name },
      { on: 'profile', op: 'set', field: 'about', value: record.about },
    ]);
    return {
      command: {
        requires: [at(USERS, user, known.version), ...said.requires],
        changes: [put(USERS, user, record), ...renames, ...said.changes],
        appends: said.appends,
      },
      tell: [{ kind: 'changed', what: 'profile', id: user, user }],
      result: profile(user, record),
    };
  });
}

/** Rows that make somebody a member of an event; `banned` people are lifted into `role`. */
export function memberChanges(
  event: string,
  user: { readonly id: string; readonly name: string },
  role: Role,
  joined_at: number,
): NonNullable<Command['changes']> {
  return [
    put(MEMBERS, recordKey(event, user.id), { role, joined_at }),
    put(USER_EVENTS, recordKey(user.id, event), MARK),
    put(MEMBER_NAMES, memberNameKey(event, user), MARK),
  ];
}

export function memberNameKey(event: string, user: { readonly id: string; readonly name: string }): string {
  return recordKey(event, foldName(user.name), user.id);
}

/** An id that nobody has yet for a new person of this name: the name's slug, with a suffix when it is taken. */
export async function freeUserId(context: Context, name: string): Promise<string> {
  const slug = slugOf(name);
  for (const id of candidates(slug)) {
    if (!(await read(context.store, USERS, id)).value) return id;
  }
  return `${slug}-${randomText(context.random, 6)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '0')}`;
}

/**
 * The user that a bare demo name stands for, made an attendee of the demo event on first use. A name that is an id is
 * that id; any other stands for the person of exactly this name.
 *
 * @throws {Refused} `forbidden` outside demo mode; `invalid` when the name is not one.
 */
export async function ensureDemoUser(context: Context, text: string): Promise<string> {
  const { demoEvent, directory } = context;
  if (demoEvent === undefined) throw new Refused('forbidden');
  if (isId(text) && (await directory.user(text))) return text;
  const name = cleanName(text);
  return change(context, async () => {
    const { id, known } = await demoPlace(context, name);
    const made = madeKnown(id, demoEvent);
    if (known.value) {
      // Another node made them a moment ago, after this one had looked, and its word is still on the way.
      if (!(await directory.user(id))) for (const record of made) directory.apply(record);
      return { result: id };
    }
    const now = context.clock.now();
    return {
      command: {
        requires: [at(USERS, id, 0)],
        changes: [
          put(USERS, id, { name, created_at: now }),
          ...memberChanges(demoEvent, { id, name }, 'attendee', now),
        ],
      },
      tell: made,
      result: id,
    };
  });
}

function madeKnown(id: string, event: string): readonly BusRecord[] {
  return [
    { kind: 'changed', what: 'profile', id, user: id },
    { kind: 'changed', what: 'membership', id: event, user: id, event },
  ];
}

/** Where the person of a demo name stands or would stand. */
async function demoPlace(
  { store, random }: Context,
  name: string,
): Promise<{ readonly id: string; readonly known: Versioned<UserRecord> }> {
  if (isId(name) && name !== SYSTEM_ID) return { id: name, known: await read(store, USERS, name) };
  const slug = slugOf(name);
  for (const id of candidates(slug)) {
    const known = await read(store, USERS, id);
    if (!known.value || known.value.name === name) return { id, known };
  }
  const id = `${slug}-${randomText(random, 6)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '0')}`;
  return { id, known: { value: null, version: 0 } };
}

function candidates(slug: string): string[] {
  return Array.from({ length: MAX_SUFFIX }, (_, index) => (index === 0 ? slug : `${slug}-${index + 1}`));
}

/** Rows of the member lists that follow a change of name. */
export async function renameChanges(
  { directory }: Context,
  id: string,
  [before, after]: readonly [string, string],
): Promise<NonNullable<Command['changes']>> {
  if (before === after) return [];
  const events = await directory.eventsOf(id);
  const standings = await Promise.all(
    events.map(async (event) => ({ event, standing: await directory.standing(event, id) })),
  );
  return standings
    .filter(({ standing }) => standing.kind === 'member')
    .flatMap(({ event }) => [
      drop(MEMBER_NAMES, memberNameKey(event, { id, name: before })),
      // Last, so that it stands when both names fold to one key.
      put(MEMBER_NAMES, memberNameKey(event, { id, name: after }), MARK),
    ]);
}
