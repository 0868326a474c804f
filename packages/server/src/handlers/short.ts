import { StoreUnavailableError } from '@konferenco/core';
import { channelLog, type ClientFrameOf, type ShortFrame } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';
import { refuse } from '../gateway/outgoing.ts';
import { handlePublish } from './publish.ts';
import type { Services } from './services.ts';
import { learnPlaces } from './places.ts';
import { hear } from './subscribe.ts';

/** The short frames of a load script (P7): hello is implied, nothing is acknowledged, only refusals are answered. */
export function dispatchShort(services: Services, connection: Connection, frame: ShortFrame): Promise<void> | void {
  switch (frame.type) {
    case 'subscribe':
      return subscribe(services, connection, channelLog(frame.channel));
    case 'chat':
      return publish(services, connection, {
        type: 'publish',
        envelope: {
          id: services.newId(),
          type: 'chat',
          subtype: 'channel_message',
          from: { user_id: connection.user },
          to: { type: 'channel', id: frame.channel },
          payload: { text: frame.text },
          timestamp: frame.timestamp ?? services.clock.now(),
        },
      });
  }
}

/** Never rejects: the connection's next frame waits for it. */
function publish(services: Services, connection: Connection, frame: ClientFrameOf<'publish'>): Promise<void> | void {
  return handlePublish(services, connection, frame)?.catch((error: unknown) => {
    refuseFault(services, connection, error);
  });
}

async function subscribe(services: Services, connection: Connection, log: string): Promise<void> {
  try {
    const decision = await services.access.mayRead(connection.user, log);
    if (decision !== 'ok') return refuse(connection, { error: decision });
    const live = hear(services, connection, log);
    if (!live) return refuse(connection, { error: 'too_many_subscriptions' });
    if (live.followed) await live.followed;
    await learnPlaces(services, [live]);
  } catch (error) {
    refuseFault(services, connection, error);
  }
}

function refuseFault({ onFault }: Services, connection: Connection, error: unknown): void {
  const isAway = error instanceof StoreUnavailableError;
  if (!isAway) onFault(error);
  refuse(connection, { error: isAway ? 'store_unavailable' : 'internal' });
}
