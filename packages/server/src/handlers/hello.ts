import { type ClientFrameOf, inboxLog, LIMITS, type ReplyOf } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';
import { refuse, reply } from '../gateway/outgoing.ts';
import { catchUpInbox } from './catch-up.ts';
import type { Services } from './services.ts';

/** The first frame: from here on the connection counts, its inbox comes live, and it is told where everything stands. */
export function handleHello(services: Services, connection: Connection, frame: ClientFrameOf<'hello'>): void {
  if (connection.phase !== 'opening') {
    refuse(connection, { ref: frame.ref, error: 'unexpected_frame', detail: 'a second hello' });
    return;
  }
  // A sign-in names its device; a bare name (demo, load mode) has none of its own, so the client may say which one it is.
  if (connection.identity.session === '' && frame.device_id) {
    connection.identity = { ...connection.identity, device: frame.device_id };
  }
  connection.status = frame.status ?? 'online';
  connection.phase = 'ready';
  const followed = services.hub.add(connection);
  services.presence.arrived(connection.user);
  services.metrics.opened.inc();
  welcome(services, connection, followed).then(
    (data) => {
      reply(connection, frame.ref, JSON.stringify(data), services.sendBuffer);
      services.onWelcome?.();
      if (frame.inbox !== undefined && frame.inbox < data.inbox.head)
        void catchUpInbox(services, connection, frame.inbox);
    },
    () => refuse(connection, { ref: frame.ref, error: 'store_unavailable' }),
  );
}

async function welcome(
  services: Services,
  connection: Connection,
  followed: void | Promise<void>,
): Promise<ReplyOf<'hello'>> {
  if (followed) await followed;
  const { user, device, expires_at } = connection.identity;
  const [cursor, [inbox]] = await Promise.all([
    services.cursors.position(user, device),
    services.store.states([inboxLog(user)]),
  ]);
  connection.inboxHead = Math.max(connection.inboxHead ?? 0, inbox?.head ?? 0);
  return {
    user_id: user,
    device_id: device,
    node: services.node,
    epoch: services.store.epoch,
    server_time: services.clock.now(),
    heartbeat_ms: LIMITS.heartbeat_ms,
    expires_at,
    inbox: { cursor, first: inbox?.first ?? 0, head: inbox?.head ?? 0 },
  };
}

/** A fresh token for the same person and sign-in keeps the connection open past the old one's end. */
export async function handleAuth(
  services: Services,
  connection: Connection,
  frame: ClientFrameOf<'auth'>,
): Promise<void> {
  const answer = await services.authenticator.token(frame.token);
  if (!answer.ok) return refuse(connection, { ref: frame.ref, error: answer.error });
  const { user, session, expires_at } = answer.identity;
  if (user !== connection.user)
    return refuse(connection, { ref: frame.ref, error: 'sender_mismatch', detail: "another user's token" });
  connection.identity = { ...connection.identity, session, expires_at };
  reply(connection, frame.ref, JSON.stringify({ expires_at }), services.sendBuffer);
}
