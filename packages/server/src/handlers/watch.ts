import type { ClientFrameOf } from '@konferenco/protocol';
import { channelLog } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';
import { reply } from '../gateway/outgoing.ts';
import type { Services } from './services.ts';

/** Watches the channels the user may read and the people who are not blocked either way; the others stay unseen. */
export async function handleWatch(
  services: Services,
  connection: Connection,
  frame: ClientFrameOf<'watch'>,
): Promise<void> {
  const { access } = services;
  const { channels = [], users = [] } = frame;
  const readable = await Promise.all(channels.map((channel) => access.mayRead(connection.user, channelLog(channel))));
  const blocked = await Promise.all(users.map((user) => access.blocked(connection.user, user)));
  if (connection.phase === 'closing') return;
  await services.presence.watch(connection, {
    channels: channels.filter((_, index) => readable[index] === 'ok'),
    users: users.filter((_, index) => !blocked[index]),
  });
  reply(connection, frame.ref, '{}', services.sendBuffer);
}
