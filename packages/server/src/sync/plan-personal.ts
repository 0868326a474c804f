import { adminRemovalsSeen, applyOperation, channelRead, operationError, setHas, viewFields } from '@konferenco/core';
import type { StateOperation } from '@konferenco/protocol';
import type { Context } from '../accounts/context.ts';
import { partChanges } from '../accounts/membership.ts';
import { cleanName } from '../accounts/names.ts';
import { renameChanges } from '../accounts/people.ts';
import {
  at,
  BLOCKED_BY,
  BLOCKS,
  CHANNEL_MEMBERS,
  drop,
  MARK,
  put,
  read,
  recordKey,
  USER_CHANNELS,
  USERS,
} from '../accounts/records.ts';
import { documentParts } from './authored.ts';
import { loadPersonal } from './personal-store.ts';
import {
  commitOf,
  type Effects,
  isRefused,
  NO_EFFECTS,
  type Planned,
  type Refusing,
  refuse,
  type Step,
  type Submission,
} from './plan.ts';
import { ATTENDANCE_CHANGES, SESSION_EVENTS } from './records.ts';

type SetOperation = Extract<StateOperation, { element: string }>;
type FieldOperation = Extract<StateOperation, { op: 'set' }>;

const MAX_ABOUT = 280;

/** An operation of a person on their own sets and fields, with what it does to channels, blocks, profile and attendance. */
export async function planPersonal(context: Context, submission: Submission): Promise<Planned> {
  const { envelope } = submission;
  const user = envelope.from.user_id;
  const operation = envelope.payload as StateOperation;
  if (operation.op === 'remove' && operation.admin) return refuse('forbidden', 'admin');
  const known = await loadPersonal(context, user, operation.on);
  const after = applyOperation(operation.on, known.value, envelope);
  const refusal = operationError({ key: operation.on, before: known.value, after, envelope });
  if (refusal) return { kind: 'refused', refusal };
  const step: Step = { before: known.value, after };
  const effects = await (operation.op === 'set'
    ? fieldEffects(context, user, operation, step)
    : setEffects(context, user, operation, step));
  if (isRefused(effects)) return effects;
  return commitOf(submission, documentParts(context, recordKey(user, operation.on), known.version, after), effects);
}

function setEffects(context: Context, user: string, operation: SetOperation, step: Step): Promise<Effects | Refusing> {
  switch (operation.on) {
    case 'favourites':
      return Promise.resolve(NO_EFFECTS);
    case 'attending':
      return attendingEffects(context, operation, step);
    case 'blocked':
      return blockEffects(context, user, operation, step);
    case 'channels':
      return channelEffects(context, user, operation, step);
  }
}

async function attendingEffects(
  { store }: Context,
  { element, op, dot }: SetOperation,
  { before, after }: Step,
): Promise<Effects | Refusing> {
  const { value } = await read(store, SESSION_EVENTS, element);
  if (!value) return op === 'add' ? refuse('not_found', 'session') : NO_EFFECTS;
  const [was, is] = [setHas(before, element), setHas(after, element)];
  if (was === is) return NO_EFFECTS;
  const change = put(ATTENDANCE_CHANGES, recordKey(value.event, element, dot), {
    by: is ? (1 as const) : (-1 as const),
  });
  return { ...NO_EFFECTS, changes: [change] };
}

async function blockEffects(
  { directory }: Context,
  user: string,
  { element, op }: SetOperation,
  { after }: Step,
): Promise<Effects | Refusing> {
  if (element === user) return refuse('invalid', 'nobody can block themselves');
  if (op === 'add' && !(await directory.user(element))) return refuse('not_found', 'user');
  const [mine, theirs] = [recordKey(user, element), recordKey(element, user)];
  return {
    requires: [],
    changes: setHas(after, element)
      ? [put(BLOCKS, mine, MARK), put(BLOCKED_BY, theirs, MARK)]
      : [drop(BLOCKS, mine), drop(BLOCKED_BY, theirs)],
    tell: [{ kind: 'changed', what: 'blocks', id: element, user }],
  };
}

/** Joining by the rules of joining over REST, unless an organiser's removal came in between that the person has not seen. */
async function channelEffects(
  context: Context,
  user: string,
  operation: SetOperation,
  { before, after }: Step,
): Promise<Effects | Refusing> {
  const { directory, store, clock } = context;
  const { element } = operation;
  const row = await read(store, CHANNEL_MEMBERS, recordKey(element, user));
  if (operation.op === 'add') {
    const channel = await directory.channel(element);
    if (!channel) return refuse('not_found', 'channel');
    const standing = await directory.standing(channel.event, user);
    if (channelRead(channel, standing, row.value?.part ?? 'none') !== 'ok') return refuse('not_found', 'channel');
    const unseen = adminRemovalsSeen(before, element).filter((dot) => !operation.seen?.includes(dot));
    if (unseen.length > 0) return refuse('removed', element);
  }
  const isIn = setHas(after, element);
  if (isIn === (row.value !== null)) return NO_EFFECTS;
  return {
    requires: [at(CHANNEL_MEMBERS, recordKey(element, user), row.version)],
    changes: isIn
      ? partChanges(element, user, clock.now())
      : [drop(CHANNEL_MEMBERS, recordKey(element, user)), drop(USER_CHANNELS, recordKey(user, element))],
    tell: [{ kind: 'changed', what: 'membership', id: element, user }],
  };
}

async function fieldEffects(
  context: Context,
  user: string,
  { on, field, value }: FieldOperation,
  { after }: Step,
): Promise<Effects | Refusing> {
  if (on === 'settings') return NO_EFFECTS;
  if (field !== 'name' && field !== 'about') return refuse('invalid', 'a profile has a name and an about');
  const isText = typeof value === 'string' && value.length <= MAX_ABOUT;
  if (!isText && !(field === 'about' && value === null)) return refuse('invalid', field);
  const known = await read(context.store, USERS, user);
  if (!known.value) return refuse('not_found', 'user');
  const { about, name } = viewFields(after) as { about?: string; name?: string };
  const { about: _, ...rest } = known.value;
  const record = { ...rest, name: cleanName(name ?? rest.name), ...(about === undefined ? {} : { about }) };
  return {
    requires: [at(USERS, user, known.version)],
    changes: [put(USERS, user, record), ...(await renameChanges(context, user, [known.value.name, record.name]))],
    tell: [{ kind: 'changed', what: 'profile', id: user, user }],
  };
}
