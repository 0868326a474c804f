import { StoreUnavailableError } from '@konferenco/core';
import type { ClientFrame } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';
import { refuse, reply } from '../gateway/outgoing.ts';
import { handleAuth, handleHello } from './hello.ts';
import { handleHistory } from './history.ts';
import { handlePublish } from './publish.ts';
import type { Services } from './services.ts';
import { handleSync } from './sync.ts';
import { handleSubscribe, handleUnsubscribe } from './subscribe.ts';
import { handleWatch } from './watch.ts';

/** Does what a frame asks. A promise holds back the connection's later frames until it settles; it never rejects. */
export function dispatch(services: Services, connection: Connection, frame: ClientFrame): Promise<void> | void {
  if (connection.phase === 'opening' && frame.type !== 'hello') {
    refuse(connection, { ...refOf(frame), error: 'unexpected_frame', detail: 'hello comes first' });
    return;
  }
  const pending = handle(services, connection, frame);
  return pending?.catch((error: unknown) => fail(services, connection, frame, error));
}

function handle(services: Services, connection: Connection, frame: ClientFrame): Promise<void> | void {
  switch (frame.type) {
    case 'hello':
      return handleHello(services, connection, frame);
    case 'auth':
      return handleAuth(services, connection, frame);
    case 'subscribe':
      return handleSubscribe(services, connection, frame);
    case 'unsubscribe':
      return handleUnsubscribe(services, connection, frame);
    case 'publish':
      return handlePublish(services, connection, frame);
    case 'ack':
      return services.cursors.note(connection, frame.inbox);
    case 'history':
      return handleHistory(services, connection, frame);
    case 'sync':
      return handleSync(services, connection, frame);
    case 'presence':
      services.presence.set(connection, frame.status);
      reply(connection, frame.ref, '{}', services.sendBuffer);
      return;
    case 'watch':
      return handleWatch(services, connection, frame);
    case 'heartbeat':
      return;
  }
}

function fail(services: Services, connection: Connection, frame: ClientFrame, thrown: unknown): void {
  // Its sender will send it again: what comes behind it must not overtake it.
  if (frame.type === 'publish') connection.noteRefused(frame.envelope.id);
  const error = thrown instanceof StoreUnavailableError ? 'store_unavailable' : 'internal';
  services.metrics.refusals.inc({ error });
  if (error === 'internal') services.onFault(thrown);
  refuse(connection, { ...refOf(frame), error });
}

function refOf(frame: ClientFrame): { ref?: number | undefined } {
  return 'ref' in frame ? { ref: frame.ref } : {};
}
