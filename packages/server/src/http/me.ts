import { eventsOf } from '../accounts/membership.ts';
import { getProfile, updateProfile } from '../accounts/people.ts';
import { block, mute, unblock, unmute } from '../accounts/preferences.ts';
import { Refused } from '../accounts/refused.ts';
import { setDeviceKey } from '../accounts/signatures.ts';
import { isOperator } from '../operator/rights.ts';
import type { Handlers, HttpDeps } from './handler.ts';

/** Oneself, and what one sees of other people. */
export function meHandlers({
  context,
}: HttpDeps): Handlers<'me' | 'updateMe' | 'setDeviceKey' | 'user' | 'block' | 'unblock' | 'mute' | 'unmute'> {
  const { directory } = context;
  return {
    async me({ identity: { user } }) {
      const [profile, events, blocks, operator] = await Promise.all([
        getProfile(context, user),
        eventsOf(context, user),
        directory.blocksOf(user),
        isOperator(context, user),
      ]);
      return { user: profile, events, blocked: [...blocks.mine], ...(operator ? { operator } : {}) };
    },

    updateMe: ({ identity, body }) => updateProfile(context, identity.user, body),

    async setDeviceKey({ identity, params, body }) {
      // A session speaks for its own device only.
      if (identity.device !== params.device) throw new Refused('forbidden');
      await setDeviceKey(context, identity.user, params.device, body.public_key);
      return {};
    },

    async user({ identity, params }) {
      if (identity.user === params.user) return getProfile(context, params.user);
      const [blocked, shared] = await Promise.all([
        directory.blocked(identity.user, params.user),
        directory.sharedEvent(identity.user, params.user),
      ]);
      if (blocked || shared === null) throw new Refused('not_found');
      return getProfile(context, params.user);
    },

    async block({ identity, params }) {
      await block(context, identity.user, params.user);
      return {};
    },
    async unblock({ identity, params }) {
      await unblock(context, identity.user, params.user);
      return {};
    },
    async mute({ identity, params }) {
      await mute(context, identity.user, params.log);
      return {};
    },
    async unmute({ identity, params }) {
      await unmute(context, identity.user, params.log);
      return {};
    },
  };
}
