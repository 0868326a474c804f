import { channelLog, directLog } from '@konferenco/protocol';
import { assemble } from './assemble.ts';
import type { Client, ClientOptions } from './types.ts';

/**
 * A client of one server for one person on one device. Nothing is sent before `connect`; from then on it comes back
 * by itself until `close` or `signOut`.
 *
 * @example
 * const client = createClient({ url: 'https://talk.example.org' });
 * await client.signIn({ name: 'Mere', invite: 'K7QF2M' });
 * await client.connect();
 * await client.channel('welcome').send('Kia ora');
 */
export function createClient(options: ClientOptions): Client {
  const parts = assemble(options);
  const { connection, identity, lifecycle, events, outbox } = parts;
  return {
    get link() {
      return connection.link;
    },
    get me() {
      return identity.me;
    },
    get waiting() {
      return outbox.size + (parts.tabs?.waiting ?? 0);
    },
    presence: parts.presence,
    sync: parts.replicas.sync,
    programme: (event) => parts.replicas.programme(event),
    meetings: parts.replicas.meetings,
    own: parts.replicas.own,
    rest: parts.rest,
    conversations: parts.list,
    signIn: (credentials) => lifecycle.signIn(credentials),
    signOut: () => lifecycle.signOut(),
    restore: () => lifecycle.restore(),
    get ready() {
      return lifecycle.ready;
    },
    people: parts.kept.people,
    usage: () => parts.kept.usage(),
    connect: () => lifecycle.connect(),
    reconnectNow: () => connection.reconnectNow(),
    close: () => lifecycle.close(),
    on: (event, fn) => events.on(event, fn),
    channel: (id) => parts.conversation(channelLog(id)),
    direct: (user) => parts.conversation(directLog(identity.requireMe().id, user)),
  };
}
