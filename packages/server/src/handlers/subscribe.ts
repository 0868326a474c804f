import type { Decision } from '@konferenco/core';
import { type ClientFrameOf, ERROR_CODES, LIMITS, type LogName, parseLogName } from '@konferenco/protocol';
import type { LiveLog } from '../fanout/live-log.ts';
import type { Connection } from '../gateway/connection.ts';
import { refuse, reply } from '../gateway/outgoing.ts';
import { catchUp } from './catch-up.ts';
import { learnPlaces } from './places.ts';
import type { Services } from './services.ts';

/**
 * Authorise, subscribe, then read the head: an entry committed in between is either below the head or comes live, so the
 * client misses none.
 */
export async function handleSubscribe(
  services: Services,
  connection: Connection,
  frame: ClientFrameOf<'subscribe'>,
): Promise<void> {
  const logs = [...new Set(frame.logs)];
  const permitted = await Promise.all(logs.map((log) => mayHear(services, connection, log)));
  if (connection.phase === 'closing') return;
  const outcomes = logs.map((log, index): [LogName, Decision, LiveLog | null] => {
    const decision = permitted[index] ?? 'internal';
    if (decision !== 'ok') return [log, decision, null];
    const live = hear(services, connection, log);
    return [log, live ? 'ok' : 'too_many_subscriptions', live];
  });
  answerStates(services, connection, frame, outcomes).catch(() =>
    refuse(connection, { ref: frame.ref, error: 'store_unavailable' }),
  );
}

async function mayHear(services: Services, connection: Connection, log: LogName): Promise<Decision> {
  const kind = parseLogName(log)?.kind;
  return kind === 'channel' || kind === 'event' ? services.access.mayRead(connection.user, log) : 'invalid';
}

/** Subscribes a connection to a log it may read; `null` when it has as many subscriptions as it may have. */
export function hear({ hub, presence }: Services, connection: Connection, log: LogName): LiveLog | null {
  const isNew = !connection.logs.includes(log);
  if (isNew && connection.logs.length >= LIMITS.subscriptions) return null;
  const live = hub.subscribe(connection, log);
  if (isNew) presence.joined(connection, log);
  return live;
}

async function answerStates(
  services: Services,
  connection: Connection,
  { ref, after = {} }: ClientFrameOf<'subscribe'>,
  outcomes: readonly (readonly [LogName, Decision, LiveLog | null])[],
): Promise<void> {
  const granted = outcomes.flatMap(([log, , live]) => (live ? [{ log, live }] : []));
  for (const { live } of granted) if (live.followed) await live.followed;
  await learnPlaces(
    services,
    granted.map(({ live }) => live),
  );
  const logs: Record<string, unknown> = {};
  const behind: (readonly [LogName, number])[] = [];
  for (const { log, live } of granted) {
    logs[log] = { first: live.first, head: live.stands };
    const has = after[log];
    if (has !== undefined && has < live.stands) behind.push([log, has]);
  }
  for (const [log, error] of outcomes) {
    if (error === 'ok') continue;
    services.metrics.refusals.inc({ error });
    logs[log] = { code: ERROR_CODES[error].code, error, message: ERROR_CODES[error].text };
  }
  reply(connection, ref, JSON.stringify({ logs }), services.sendBuffer);
  await Promise.all(behind.map(([log, has]) => catchUp(services, connection, log, has)));
}

export function handleUnsubscribe(
  services: Services,
  connection: Connection,
  frame: ClientFrameOf<'unsubscribe'>,
): void {
  for (const log of frame.logs) unhear(services, connection, log);
  reply(connection, frame.ref, '{}', services.sendBuffer);
}

/** Ends a subscription, if there is one. */
export function unhear({ hub, presence }: Services, connection: Connection, log: LogName): void {
  if (hub.unsubscribe(connection, log)) presence.left(connection, log);
}
