import { isAbove, isAtLeast } from '@konferenco/core';
import type { EventInfo, Invite, Role } from '@konferenco/protocol';
import { change, changeInTurn } from './change.ts';
import type { Context } from './context.ts';
import { eventInfo, joining, roleIn } from './membership.ts';
import { cleanName } from './names.ts';
import { freeUserId } from './people.ts';
import { at, type InviteRecord, INVITES, MEMBERS, put, read, recordKey, USERS, type Versioned } from './records.ts';
import { Refused } from './refused.ts';
import { digest } from './secrets.ts';

export interface InviteOptions {
  readonly role?: Role | undefined;
  readonly max_uses?: number | undefined;
  readonly expires_in_s?: number | undefined;
}

const DEFAULT_USES = 25;
const DEFAULT_LIFE_S = 7 * 86_400;
/** Crockford's letters: none that is mistaken for another when read out. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_LENGTH = 20;

/** A new invitation by a member, to at most the member's own role. @throws {Refused} */
export async function createInvite(
  context: Context,
  actor: string,
  event: string,
  options: InviteOptions,
): Promise<Invite> {
  const own = await roleIn(context, event, actor);
  const role = options.role ?? 'attendee';
  if (isAbove(role, own)) throw new Refused('forbidden', { detail: 'nobody can invite to a role above their own' });
  return mintInvite(context, event, actor, { ...options, role });
}

/** An invitation that no member stands behind: the owner's, at the first start. */
export async function mintInvite(
  context: Context,
  event: string,
  created_by: string,
  options: InviteOptions,
): Promise<Invite> {
  const { role = 'attendee', max_uses = DEFAULT_USES, expires_in_s = DEFAULT_LIFE_S } = options;
  const expires_at = context.clock.now() + expires_in_s * 1000;
  const record: InviteRecord = { event, role, max_uses, uses: 0, created_by, expires_at };
  const code = Array.from(context.random.bytes(CODE_LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
  const key = digest(code);
  await change(context, async () => ({
    command: { requires: [at(INVITES, key, 0)], changes: [put(INVITES, key, record)] },
    result: undefined,
  }));
  return describe(context, code, record);
}

/** What an invitation leads to. @throws {Refused} `invite_invalid` */
export async function getInvite(context: Context, code: string): Promise<Invite> {
  const { value } = await usable(context, code);
  return describe(context, code, value);
}

/** Ends an invitation: who made it, and moderators. @throws {Refused} */
export async function revokeInvite(context: Context, actor: string, code: string): Promise<void> {
  await changeInTurn(context, inviteKey(code), async () => {
    const known = await usable(context, code);
    const role = await roleIn(context, known.value.event, actor);
    if (known.value.created_by !== actor && !isAtLeast(role, 'moderator')) throw new Refused('forbidden');
    return {
      command: {
        requires: [at(INVITES, inviteKey(code), known.version)],
        changes: [put(INVITES, inviteKey(code), { ...known.value, revoked: true })],
      },
      result: undefined,
    };
  });
}

/**
 * Joins the invitation's event as somebody who already has an account. Takes one use, unless the person already has
 * that role or a higher one. @throws {Refused} `invite_invalid`, `banned`
 */
export async function acceptInvite(context: Context, user: string, code: string): Promise<EventInfo> {
  const event = await changeInTurn(context, inviteKey(code), async () => {
    const invite = await usable(context, code);
    const { event: joined, role } = invite.value;
    const [member, person] = await Promise.all([
      read(context.store, MEMBERS, recordKey(joined, user)),
      read(context.store, USERS, user),
    ]);
    if (member.value?.banned) throw new Refused('banned');
    if (!person.value) throw new Refused('not_found');
    if (member.value && isAtLeast(member.value.role, role)) return { result: joined };
    const { tell, ...parts } = await joining(context, joined, { id: user, name: person.value.name }, role);
    const known = [at(INVITES, inviteKey(code), invite.version), at(MEMBERS, recordKey(joined, user), member.version)];
    return {
      command: {
        ...parts,
        requires: [...known, ...parts.requires],
        changes: [used(code, invite), ...parts.changes],
      },
      tell,
      result: joined,
    };
  });
  return eventInfo(context, event, user);
}

/** Makes a new person by invitation; answers the new user's id. @throws {Refused} `invite_invalid`, `invalid` */
export function joinAsNewPerson(context: Context, displayName: string, code: string): Promise<string> {
  const name = cleanName(displayName);
  return changeInTurn(context, inviteKey(code), async () => {
    const invite = await usable(context, code);
    const id = await freeUserId(context, name);
    const { tell, ...parts } = await joining(context, invite.value.event, { id, name }, invite.value.role);
    const person = put(USERS, id, { name, created_at: context.clock.now() });
    return {
      command: {
        ...parts,
        requires: [at(INVITES, inviteKey(code), invite.version), at(USERS, id, 0), ...parts.requires],
        changes: [used(code, invite), person, ...parts.changes],
      },
      tell: [{ kind: 'changed', what: 'profile', id, user: id }, ...tell],
      result: id,
    };
  });
}

/** Codes may be typed in lower case and with spaces or dashes. */
function inviteKey(code: string): string {
  return digest(normalized(code));
}
function normalized(code: string): string {
  return code.toUpperCase().replace(/[\s-]/g, '');
}

async function usable(
  context: Context,
  code: string,
): Promise<Versioned<InviteRecord> & { readonly value: InviteRecord }> {
  const { value, version } = await read(context.store, INVITES, inviteKey(code));
  if (!value || value.revoked || value.uses >= value.max_uses || context.clock.now() >= value.expires_at) {
    throw new Refused('invite_invalid');
  }
  return { value, version };
}

function used(code: string, { value }: { readonly value: InviteRecord }) {
  return put(INVITES, inviteKey(code), { ...value, uses: value.uses + 1 });
}

async function describe({ directory }: Context, code: string, record: InviteRecord): Promise<Invite> {
  const event = await directory.event(record.event);
  return {
    code: normalized(code),
    event_id: record.event,
    event_title: event?.title ?? record.event,
    role: record.role,
    url: `/join/${normalized(code)}`,
    expires_at: record.expires_at,
    uses_left: record.max_uses - record.uses,
  };
}
