import {
  addChannelMember,
  channelMembers,
  createChannel,
  joinChannel,
  leaveChannel,
  listChannels,
  removeChannelMember,
  updateChannel,
} from '../accounts/channels.ts';
import type { Handlers, HttpDeps } from './handler.ts';

type ChannelRoutes =
  | 'channels'
  | 'createChannel'
  | 'updateChannel'
  | 'join'
  | 'leave'
  | 'channelMembers'
  | 'addChannelMember'
  | 'removeChannelMember';

/** Channels and who is in them. */
export function channelHandlers({ context }: HttpDeps): Handlers<ChannelRoutes> {
  return {
    channels: async ({ identity, params }) => ({ items: await listChannels(context, params.event, identity.user) }),

    createChannel: ({ identity, params, body }) => createChannel(context, identity.user, params.event, body),

    updateChannel: ({ identity, params, body }) => updateChannel(context, identity.user, params.channel, body),

    join: ({ identity, params }) => joinChannel(context, identity.user, params.channel),

    async leave({ identity, params }) {
      await leaveChannel(context, identity.user, params.channel);
      return {};
    },

    channelMembers: ({ identity, params, query }) => channelMembers(context, identity.user, params.channel, query),

    async addChannelMember({ identity, params }) {
      await addChannelMember(context, identity.user, params.channel, params.user);
      return {};
    },

    async removeChannelMember({ identity, params }) {
      await removeChannelMember(context, identity.user, params.channel, params.user);
      return {};
    },
  };
}
