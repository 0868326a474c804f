import { ban, eventInfo, leaveEvent, members, roleIn, setRole } from '../accounts/membership.ts';
import { programme } from '../sync/programme.ts';
import type { Handlers, HttpDeps } from './handler.ts';

/** Events, their programme and their members. */
export function eventHandlers({ context }: HttpDeps): Handlers<'event' | 'members' | 'setRole' | 'ban'> {
  return {
    async event({ identity, params }) {
      const event = await eventInfo(context, params.event, identity.user);
      return { event, sessions: await programme(context, params.event) };
    },

    async members({ identity, params, query }) {
      await roleIn(context, params.event, identity.user);
      const [page, blocks] = await Promise.all([
        members(context, params.event, query),
        context.directory.blocksOf(identity.user),
      ]);
      return { ...page, items: page.items.filter(({ user }) => !blocks.either.has(user.id)) };
    },

    setRole: ({ identity, params, body }) =>
      setRole(context, identity.user, params.event, { user: params.user, role: body.role }),

    async ban({ identity, params }) {
      if (identity.user === params.user) await leaveEvent(context, params.event, identity.user);
      else await ban(context, identity.user, params.event, params.user);
      return {};
    },
  };
}
