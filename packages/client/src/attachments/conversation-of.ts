import { type LogName, parseLogName, peerOf } from '@konferenco/protocol';
import { clientError, KonferencoError } from '../errors.ts';
import { serverError } from '../server-errors.ts';
import type { Client, Conversation, Message, Receipt } from '../types.ts';

/** @throws {KonferencoError} `not_found` for a log that is no conversation of this person's */
export function conversationOf(client: Pick<Client, 'channel' | 'direct' | 'me'>, log: LogName): Conversation {
  const address = parseLogName(log);
  if (address?.kind === 'channel') return client.channel(address.channel);
  const me = client.me?.id ?? '';
  const peer = address?.kind === 'direct' ? (peerOf(log, me) ?? me) : null;
  if (peer === null) throw serverError('not_found');
  return client.direct(peer);
}

/** A message that the conversation shows, be it in the outbox or stored. */
export function findMessage(conversation: Conversation, id: string, thread: string | undefined): Message | undefined {
  const { timeline } = (thread === undefined ? conversation : conversation.thread(thread)).state();
  return timeline.find((entry) => entry.kind === 'message' && entry.id === id) as Message | undefined;
}

/** Resolves when a message that an earlier run of the program put into the outbox is stored. */
export function whenStored(conversation: Conversation, id: string, thread: string | undefined): Promise<Receipt> {
  const { promise, resolve, reject } = Promise.withResolvers<Receipt>();
  const look = (): void => {
    const message = findMessage(conversation, id, thread);
    if (!message) reject(clientError('discarded'));
    else if (message.offset !== null) resolve({ id, log: conversation.log, offset: message.offset });
    else if (message.state === 'failed')
      reject(message.error ? new KonferencoError(message.error) : serverError('internal'));
  };
  const stop = conversation.subscribe(look);
  look();
  return promise.finally(stop);
}
