import type { Channel, Conversation } from '@konferenco/client';
import { parseLogName } from '@konferenco/client';
import { useEffect, useMemo, useState } from 'react';
import { useApp, useName, useStore } from '../../state/app.ts';
import type { ConversationSubject } from './audience.ts';

/** What a log is about, as far as it is known; `null` while it is not, `missing` when the server knows of no such thing. */
export type Subject = ConversationSubject | { readonly kind: 'missing' } | null;

/** The conversation of a log, or `null` when the name is none or nobody is signed in. */
export function useConversation(log: string): Conversation | null {
  const { client } = useApp();
  const me = client.me?.id;
  return useMemo(() => {
    const address = parseLogName(log);
    if (me === undefined) return null;
    if (address?.kind === 'channel') return client.channel(address.channel);
    if (address?.kind !== 'direct' || !address.users.includes(me)) return null;
    return client.direct(address.users[0] === me ? address.users[1] : address.users[0]);
  }, [client, log, me]);
}

/** The channel of a log among those listed or joined; `null` when it is not there. */
export function useChannel(log: string): Channel | null {
  const { client, venue } = useApp();
  const channels = useStore(venue.channels).value;
  const summaries = useStore(client.conversations).items;
  return useMemo(() => {
    const address = parseLogName(log);
    if (address?.kind !== 'channel') return null;
    const summary = summaries.find((s) => s.log === log);
    const channel = channels?.find((c) => c.id === address.channel) ?? summary?.channel ?? null;
    // Joined or left on this device counts at once; the list of channels follows with the connection.
    const joined = summaries.length === 0 ? channel?.joined : summary !== undefined;
    return channel === null || channel.joined === joined ? channel : { ...channel, joined: joined === true };
  }, [channels, summaries, log]);
}

/** What the header, the composer and the list say about a log. */
export function useSubject(log: string): Subject {
  const { client, venue } = useApp();
  const me = client.me?.id ?? '';
  const address = useMemo(() => parseLogName(log), [log]);
  const peer = address?.kind === 'direct' ? (address.users[0] === me ? address.users[1] : address.users[0]) : '';
  const name = useName(peer);
  const channel = useChannel(log);
  const settled = useSettled(useStore(venue.channels).loading);
  return useMemo(() => {
    if (address?.kind === 'direct') return peer === me ? { kind: 'self' } : { kind: 'direct', peer, name };
    if (channel) return { kind: 'channel', channel };
    return address?.kind === 'channel' && !settled ? null : { kind: 'missing' };
  }, [address, peer, me, name, channel, settled]);
}

/** Whether a loading that began has ended. */
function useSettled(loading: boolean): boolean {
  const [began, setBegan] = useState(loading);
  useEffect(() => {
    if (loading) setBegan(true);
  }, [loading]);
  return began && !loading;
}

/** The title of a subject. */
export function titleOf(subject: Subject, yourself: string): string {
  switch (subject?.kind) {
    case 'channel':
      return subject.channel.title;
    case 'direct':
      return subject.name;
    case 'self':
      return yourself;
    default:
      return '';
  }
}
