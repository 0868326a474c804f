import manifest from '../../package.json' with { type: 'json' };
import { isShutOut } from '../accounts/membership.ts';
import { Refused } from '../accounts/refused.ts';
import { signIn, withProfile } from '../accounts/sign-in.ts';
import { addressFor } from '../cluster/address.ts';
import type { Handlers, HttpDeps } from './handler.ts';

/** Signing in and out, and where to open the socket. */
export function sessionHandlers(deps: HttpDeps): Handlers<'signIn' | 'refresh' | 'signOut' | 'connect' | 'server'> {
  const { context, tokens, tickets } = deps;
  return {
    signIn: async ({ body }) => signIn(context, tokens, body),

    refresh: async ({ body }) => withProfile(context, await tokens.refresh(body.refresh_token)),

    async signOut({ identity }) {
      await tokens.end(identity.session);
      return {};
    },

    async connect({ identity, origin, query, cookies }) {
      const admission = deps.door?.admitTicket(context.clock.now());
      if (admission?.ok === false) throw new Refused(admission.error, admission);
      if (await isShutOut(context, identity.user)) throw new Refused('banned');
      const avoid = query.avoid?.split(',');
      const address = await addressFor(deps, { user: identity.user, origin, cookies, avoid });
      return { ...address, ...tickets.issue(identity) };
    },

    server: async () => ({
      name: 'Konferenco',
      version: manifest.version,
      demo: context.demoEvent !== undefined,
      attachments: deps.attachments.rules,
    }),
  };
}
