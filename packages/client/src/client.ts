import { channelLog, directLog } from '@konferenco/protocol';
import { Assembly } from './assemble.ts';
import { clientError } from './errors.ts';
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
  const parts = new Assembly(options);
  const { connection, identity, lifecycle, events, replicas, keeper } = parts;
  return {
    get link() {
      return connection.link;
    },
    get me() {
      return identity.me;
    },
    get waiting() {
      return parts.waiting;
    },
    get ready() {
      return lifecycle.ready;
    },
    presence: parts.presence,
    rest: parts.rest,
    conversations: parts.list,
    people: keeper.people,
    sync: replicas.sync,
    meetings: replicas.meetings,
    own: replicas.own,
    conflicts: replicas.conflicts,
    programme: (event) => replicas.programme(event),
    channel: (id) => parts.conversation(channelLog(id)),
    direct: (user) => parts.conversation(directLog(identity.requireMe().id, user)),
    publish: async (said) => {
      if (!parts.wire.online) throw clientError('disconnected');
      const envelope = parts.composer.envelope(said);
      const { log, offset } = await parts.wire.publish(JSON.stringify(envelope));
      return { id: envelope.id, log, offset };
    },
    usage: () => keeper.kept.usage(),
    signIn: (credentials) => lifecycle.signIn(credentials),
    signOut: () => lifecycle.signOut(),
    restore: () => lifecycle.restore(),
    connect: () => lifecycle.connect(),
    reconnectNow: () => connection.reconnectNow(),
    close: () => lifecycle.close(),
    on: (event, fn) => events.on(event, fn),
  };
}
