import { createIdGenerator, type LogName, type ReplyOf } from '@konferenco/protocol';
import { Composer } from './composer.ts';
import { Connection } from './connection.ts';
import { LogConversation } from './conversation.ts';
import { RestConversationList } from './conversation-list.ts';
import { defaultEnvironment } from './environment.ts';
import { clientError, type KonferencoError } from './errors.ts';
import { Emitter } from './events.ts';
import { Identity } from './identity.ts';
import { Inbox } from './inbox.ts';
import { Lifecycle } from './lifecycle.ts';
import { Outbox } from './outbox.ts';
import { Presence } from './presence.ts';
import { Requests, type Wire } from './request.ts';
import { createRest } from './rest.ts';
import { ServerClock } from './server-clock.ts';
import { Session } from './session.ts';
import { memoryOutbox, memoryTokens } from './storage/memory.ts';
import { Subscriptions } from './subscriptions.ts';
import { Credentials } from './tokens.ts';
import type { ClientEvents, ClientOptions, Environment } from './types.ts';

/** The parts of a client, each built once and given what it needs. The one place that knows them all. */
export function assemble(options: ClientOptions) {
  const environment: Environment = { ...defaultEnvironment(), ...options.environment };
  const events = new Emitter<ClientEvents>();
  const failed = (error: KonferencoError) => events.emit('error', error);
  const clock = new ServerClock(environment.now);
  const newId = createIdGenerator({ now: clock.now, random16: () => environment.randomBytes(16) });

  const requests = new Requests(environment, (text) => connection.send(text));
  const wire: Wire = {
    get online() {
      return connection.link.kind === 'online';
    },
    ask: (type, fields) => requests.ask(type, fields),
    publish: (envelope) => requests.publish(envelope),
    say: (frame) => connection.send(JSON.stringify(frame)),
  };

  const credentials = new Credentials({
    store: options.tokens ?? memoryTokens(),
    exchange: (refresh_token) => rest('refresh', { body: { refresh_token } }),
    exclusively: environment.exclusively,
    ended: (error) => connection.signOut(error.code, error.message),
  });
  const rest = createRest({ url: options.url, environment, tokens: credentials });
  const identity = new Identity({
    client: options,
    environment,
    credentials,
    rest,
    wire,
    now: clock.now,
    failed,
    changed: (person) => events.emit('me', person),
  });
  const me = () => identity.me?.id ?? '';

  const outbox = new Outbox({
    wire,
    store: options.outbox ?? memoryOutbox(),
    environment,
    now: clock.now,
    newId,
    news: (news) => conversation(news.entry.log).news(news),
    sizeChanged: (size) => events.emit('waiting', size),
    refreshToken: () => (options.demoUser === undefined ? identity.renew() : Promise.reject(clientError('not_signed_in'))),
    storageFailed: failed,
  });
  const inbox = new Inbox({
    wire,
    environment,
    deliver: (items) => session.deliverInbox(items),
    caughtUp: (items) => events.emit('sync', { items }),
    refused: failed,
  });
  const presence = new Presence(wire, failed);
  const subscriptions = new Subscriptions({
    wire,
    environment,
    subscribed: (log, state) => conversations.get(log)?.subscribed(state),
    refused: (log, error) => conversations.get(log)?.refused(error),
  });

  const composer = new Composer({ newId, now: clock.now, me, device: () => identity.device });
  const conversations = new Map<LogName, LogConversation>();
  const conversation = (log: LogName): LogConversation => {
    const known = conversations.get(log);
    if (known) return known;
    const created = new LogConversation(log, {
      wire,
      environment,
      outbox,
      subscriptions,
      composer,
      me,
      arrived: (item) => events.emit('message', { log, item }),
      failed,
    });
    conversations.set(log, created);
    return created;
  };
  const list = new RestConversationList({ rest, environment, conversation, failed });

  const session = new Session({
    wire,
    requests,
    events,
    inbox,
    outbox,
    presence,
    subscriptions,
    list,
    conversations,
    me,
    migrate: (within_ms) => connection.migrate(within_ms),
    heartbeat: (server_time) => clock.told(server_time),
    hasList: () => identity.hasRest,
  });

  const connection: Connection = new Connection(environment, {
    address: (refresh) => identity.address(refresh),
    greet: async (): Promise<ReplyOf<'hello'>> => {
      const askedAt = environment.now();
      const reply = await requests.ask('hello', {
        ...(identity.device === undefined ? {} : { device_id: identity.device }),
        client: options.program ?? 'konferenco-sdk/0.1.0',
        status: presence.own,
      });
      clock.answered(reply.server_time, askedAt);
      return reply;
    },
    greeted: (reply) => {
      identity.greeted(reply);
      session.resume(reply);
    },
    frame: (frame) => session.frame(frame),
    lost: () => {
      identity.lost();
      session.lost();
    },
    link: (link) => {
      events.emit('link', link);
      lifecycle.link(link);
    },
  });

  const lifecycle = new Lifecycle({
    connection,
    identity,
    inbox,
    outbox,
    rest,
    environment,
    forget: () => {
      list.clear();
      subscriptions.clear();
      conversations.clear();
    },
    failed,
  });
  return { connection, identity, lifecycle, events, outbox, presence, rest, list, conversation };
}
