import type { Decision } from '@konferenco/core';
import { type Envelope, type LogName, parseLogName } from '@konferenco/protocol';
import type { Context } from '../accounts/context.ts';
import { listPage, read } from '../accounts/records.ts';
import { Refused } from '../accounts/refused.ts';
import { ATTACHMENT_USES, ATTACHMENTS, type AttachmentRecord } from './records.ts';

/** Messages that carry one attachment, at the most: so many are looked at to see who may read it. */
export const MOST_USES = 100;

/** @throws {Refused} with why `user` may not write a message in `log` */
export async function requireWrite(
  { directory }: Pick<Context, 'directory'>,
  user: string,
  log: LogName,
): Promise<void> {
  const to = addressOf(log, user);
  const decision = to === null ? 'forbidden' : await directory.mayPublish(user, messageTo(to, user));
  if (decision !== 'ok') throw new Refused(decision);
}

/** Where a message to `log` is sent; `null` where nobody writes messages. */
function addressOf(log: LogName, user: string): Envelope['to'] | null {
  const address = parseLogName(log);
  switch (address?.kind) {
    case 'channel':
      return { type: 'channel', id: address.channel };
    case 'event':
      return { type: 'broadcast', id: address.event };
    case 'direct': {
      const [a, b] = address.users;
      return a === user || b === user ? { type: 'user', id: a === user ? b : a } : null;
    }
    default:
      return null;
  }
}

/** A message as far as the question of permission goes. */
function messageTo(to: Envelope['to'], user_id: string): Envelope {
  const subtype = to.type === 'user' ? 'direct_message' : 'channel_message';
  return { id: '', type: 'chat', subtype, from: { user_id }, to, payload: {}, timestamp: 0 };
}

export type Reading =
  | { readonly ok: true; readonly record: AttachmentRecord; readonly version: number }
  | { readonly ok: false; readonly error: Exclude<Decision, 'ok'> };

type Reader = Pick<Context, 'store' | 'directory' | 'clock'>;

/**
 * Whether `user` may read an attachment: when a message that carries it is there and may be read by the user, or when it
 * is the user's own and no message carries it yet.
 */
export async function mayReadAttachment(context: Reader, user: string, id: string): Promise<Reading> {
  const { value: record, version } = await read(context.store, ATTACHMENTS, id);
  if (!record || record.ended) return { ok: false, error: 'not_found' };
  if (!record.bound) return record.by === user ? { ok: true, record, version } : { ok: false, error: 'not_found' };
  const uses = await listPage(context.store, ATTACHMENT_USES, `${id}/`, { limit: MOST_USES });
  let error: Exclude<Decision, 'ok'> = 'not_found';
  for (const { key, value } of uses) {
    const [, log = '', message = ''] = key.split('/');
    const decision = await readLog(context, user, log);
    if (decision !== 'ok') error = decision;
    else if (value.expires_at > context.clock.now() && (await isThere(context, log, message)))
      return { ok: true, record, version };
  }
  return { ok: false, error };
}

/** The right to read the conversation; of a direct one, not for somebody whom the other person blocked. */
async function readLog({ directory }: Reader, user: string, log: LogName): Promise<Decision> {
  const decision = await directory.mayRead(user, log);
  const address = parseLogName(log);
  if (decision !== 'ok' || address?.kind !== 'direct') return decision;
  const [a, b] = address.users;
  const { mine } = await directory.blocksOf(a === user ? b : a);
  return mine.has(user) ? 'blocked' : 'ok';
}

/** Whether a message is neither erased nor expired. */
export async function isThere({ store }: Pick<Context, 'store'>, log: LogName, message: string): Promise<boolean> {
  const entry = await store.locate(log, message);
  return entry !== null && entry.envelope !== null;
}
