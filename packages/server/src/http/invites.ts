import type { Invite } from '@konferenco/protocol';
import { acceptInvite, createInvite, getInvite, revokeInvite } from '../accounts/invites.ts';
import type { Handlers, HttpDeps } from './handler.ts';

/** Invitations by link and code. */
export function inviteHandlers({
  context,
}: HttpDeps): Handlers<'createInvite' | 'invite' | 'acceptInvite' | 'revokeInvite'> {
  const linked = (invite: Invite, origin: string): Invite => ({ ...invite, url: origin + invite.url });
  return {
    createInvite: async ({ identity, params, body, origin }) =>
      linked(await createInvite(context, identity.user, params.event, body), origin),

    invite: async ({ params, origin }) => linked(await getInvite(context, params.code), origin),

    acceptInvite: ({ identity, params }) => acceptInvite(context, identity.user, params.code),

    async revokeInvite({ identity, params }) {
      await revokeInvite(context, identity.user, params.code);
      return {};
    },
  };
}
