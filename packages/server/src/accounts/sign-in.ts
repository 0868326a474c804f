import type { Tokens } from '@konferenco/protocol';
import type { Context } from './context.ts';
import { joinAsNewPerson } from './invites.ts';
import { isShutOut, joinFirstChannels } from './membership.ts';
import { cleanName } from './names.ts';
import { ensureDemoUser, getProfile } from './people.ts';
import { Refused } from './refused.ts';
import { randomText } from './secrets.ts';
import type { IssuedTokens, TokenService } from './tokens.ts';

export interface SignIn {
  readonly name: string;
  readonly invite?: string | undefined;
  readonly device_id?: string | undefined;
}

/**
 * Signs somebody in: a new person by invitation, or in demo mode whoever has that name.
 * @throws {Refused} `invite_invalid`, `invalid`, `banned`
 */
export async function signIn(context: Context, tokens: TokenService, request: SignIn): Promise<Tokens> {
  const user = await personOf(context, request);
  const device = request.device_id ?? `d-${randomText(context.random, 9)}`;
  return withProfile(context, await tokens.begin(user, device));
}

/** The tokens as the REST surface gives them. */
export async function withProfile(context: Context, issued: IssuedTokens): Promise<Tokens> {
  return {
    access_token: issued.access_token,
    expires_at: issued.expires_at,
    refresh_token: issued.refresh_token,
    user: await getProfile(context, issued.user),
    device_id: issued.device,
  };
}

async function personOf(context: Context, { name, invite }: SignIn): Promise<string> {
  if (invite !== undefined) return joinAsNewPerson(context, name, invite);
  const { demoEvent } = context;
  if (demoEvent === undefined) throw new Refused('invite_invalid');
  const user = await ensureDemoUser(context, cleanName(name));
  if (await isShutOut(context, user)) throw new Refused('banned');
  await joinFirstChannels(context, demoEvent, user);
  return user;
}
