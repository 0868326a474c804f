import type { Append, Command, Stored } from '@konferenco/core';
import { type Envelope, parseLogName } from '@konferenco/protocol';
import type { Services } from './services.ts';

/** The entry that keeps an envelope. */
export function toAppend(envelope: Envelope, { log, json, entry }: Stored): Append {
  const { expires_at, notify, thread, text } = entry;
  return {
    log,
    id: envelope.id,
    sender: envelope.from.user_id,
    envelope: json,
    expires_at,
    ...(notify.length > 0 ? { notify } : {}),
    ...(thread === undefined ? {} : { thread }),
    ...(text === undefined ? {} : { text }),
  };
}

/** @param knownPairs direct conversations that are known to be on both people's lists */
export function toCommand(knownPairs: Services['knownPairs'], envelope: Envelope, acceptance: Stored): Command {
  const { log } = acceptance;
  const append = toAppend(envelope, acceptance);
  const listed = knownPairs.has(log) ? [] : listPair(log);
  return listed.length === 0 ? { appends: [append] } : { appends: [append], changes: listed };
}

/** The records that put a direct conversation on both people's lists. */
function listPair(log: string): NonNullable<Command['changes']> {
  const address = parseLogName(log);
  if (address?.kind !== 'direct') return [];
  const [a, b] = address.users;
  const row = (user: string, peer: string) => ({ collection: 'direct', key: `${user}/${peer}`, value: {} });
  return a === b ? [row(a, b)] : [row(a, b), row(b, a)];
}
