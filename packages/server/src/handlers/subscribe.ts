import type { Decision } from '@konferenco/core';
import { type ClientFrameOf, ERROR_CODES, LIMITS, type LogName, parseLogName } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';
import { refuse, reply } from '../gateway/outgoing.ts';
import type { Services } from './services.ts';

/**
 * Authorise, subscribe, then read the head: an entry committed in between is either below the head or comes live, so the
 * client misses none.
 */
export async function handleSubscribe(services: Services, connection: Connection, frame: ClientFrameOf<'subscribe'>): Promise<void> {
  const decisions = await Promise.all(frame.logs.map((log) => mayHear(services, connection, log)));
  const granted = frame.logs.filter((_, index) => decisions[index] === 'ok');
  const lives = granted.map((log) => services.hub.subscribe(connection, log));
  services.presence.joined(connection, granted);
  answerStates(services, connection, { frame, decisions, granted, lives }).catch(() =>
    refuse(connection, { ref: frame.ref, error: 'store_unavailable' }),
  );
}

async function mayHear(services: Services, connection: Connection, log: LogName): Promise<Decision> {
  const kind = parseLogName(log)?.kind;
  if (kind !== 'channel' && kind !== 'event') return 'invalid';
  if (connection.logs.length >= LIMITS.subscriptions && !connection.logs.includes(log)) return 'too_many_subscriptions';
  return services.access.mayRead(connection.user, log);
}

interface Granted {
  readonly frame: ClientFrameOf<'subscribe'>;
  readonly decisions: readonly Decision[];
  readonly granted: readonly LogName[];
  readonly lives: readonly { readonly sequencer: { start(head: number): void } }[];
}

async function answerStates(services: Services, connection: Connection, { frame, decisions, granted, lives }: Granted): Promise<void> {
  const states = await services.store.states(granted);
  states.forEach((state, index) => lives[index]?.sequencer.start(state.head));
  const logs: Record<string, unknown> = {};
  frame.logs.forEach((log, index) => {
    const decision = decisions[index] ?? 'internal';
    if (decision === 'ok') logs[log] = states[granted.indexOf(log)];
    else {
      services.metrics.refusals.inc({ error: decision });
      logs[log] = { code: ERROR_CODES[decision].code, error: decision, message: ERROR_CODES[decision].text };
    }
  });
  reply(connection, frame.ref, JSON.stringify({ logs }), services.sendBuffer);
}

export function handleUnsubscribe(services: Services, connection: Connection, frame: ClientFrameOf<'unsubscribe'>): void {
  for (const log of frame.logs) services.hub.unsubscribe(connection, log);
  services.presence.left(connection, frame.logs);
  reply(connection, frame.ref, '{}', services.sendBuffer);
}
