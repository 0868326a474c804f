import { type ConversationInfo, type Envelope, type LogName, parseLogName } from '@konferenco/protocol';
import { Blocks } from './blocks.ts';
import { Composer } from './composer.ts';
import { Connection, type ConnectionHost } from './connection.ts';
import { LogConversation } from './conversation.ts';
import type { ConversationHost } from './conversation-host.ts';
import { RestConversationList } from './conversation-list.ts';
import { defaultEnvironment } from './environment.ts';
import { clientError, type KonferencoError } from './errors.ts';
import { Emitter } from './events.ts';
import { Identity } from './identity.ts';
import { createIds } from './ids.ts';
import { Inbox } from './inbox.ts';
import { Kept } from './kept/kept.ts';
import { learning } from './kept/kept-people.ts';
import { Lifecycle } from './lifecycle.ts';
import { Outbox } from './outbox.ts';
import { Presence } from './presence.ts';
import { Requests, type Wire } from './request.ts';
import { createRest } from './rest.ts';
import { ServerClock } from './server-clock.ts';
import { Session } from './session.ts';
import { memoryOutbox, memoryTokens } from './storage/memory.ts';
import { memoryStore } from './storage/memory-store.ts';
import { outboxOnStore } from './storage/outbox-on-store.ts';
import { Subscriptions } from './subscriptions.ts';
import { isOperation } from './sync/operations.ts';
import type { Replicas } from './sync/replicas.ts';
import { replicasOf } from './sync/replicas-of.ts';
import type { TabHost } from './tabs/types.ts';
import { Credentials } from './tokens.ts';
import type { ClientEvents, ClientOptions, Environment, Rest } from './types.ts';

/** What all parts of a client stand on. */
function groundOf(options: ClientOptions, connection: () => Connection, host: Omit<TabHost, 'environment'>) {
  const own: Environment = { ...defaultEnvironment(), ...options.environment };
  const tabs = options.tabs?.({ ...host, environment: own });
  const environment: Environment = tabs ? { ...own, openSocket: tabs.openSocket } : own;
  const events = new Emitter<ClientEvents>();
  const failed = (error: KonferencoError) => events.emit('error', error);
  const clock = new ServerClock(environment.now);
  const newId = createIds({ now: clock.now, random16: () => environment.randomBytes(16) });
  const requests = new Requests(environment, (text) => connection().send(text));
  const wire: Wire = {
    get online() {
      return connection().link.kind === 'online';
    },
    ask: (type, fields) => requests.ask(type, fields),
    publish: (envelope) => requests.publish(envelope),
    say: (frame) => connection().send(JSON.stringify(frame)),
  };
  const kept = new Kept({
    store: options.store ?? memoryStore(),
    isShared: options.tabs !== undefined,
    environment,
    now: clock.now,
    keep: options.keep,
    failed: (fault) => events.emit('storage', fault),
  });
  return { options, environment, events, failed, clock, newId, requests, wire, kept, tabs, connection };
}
type Ground = ReturnType<typeof groundOf>;

function identityOf({ options, environment, events, failed, clock, wire, kept, connection }: Ground) {
  const credentials = new Credentials({
    store: options.tokens ?? memoryTokens(),
    exchange: (refresh_token) => rest('refresh', { body: { refresh_token } }),
    exclusively: environment.exclusively,
    ended: (error) => connection().signOut(error.code, error.message),
  });
  const rest: Rest = learning(createRest({ url: options.url, environment, tokens: credentials }), kept.people);
  const changed = (person: ClientEvents['me']) => events.emit('me', person);
  const identity = new Identity({
    client: options,
    environment,
    credentials,
    rest,
    wire,
    now: clock.now,
    failed,
    changed,
  });
  return { rest, identity, me: () => identity.me?.id ?? '' };
}
type Person = ReturnType<typeof identityOf>;

function conversationsOf(ground: Ground, { rest, identity, me }: Person) {
  const { options, environment, events, failed, clock, newId, wire, kept, tabs } = ground;
  const lost = () => failed(clientError('storage'));
  const ownStore = options.outbox ?? (options.store ? outboxOnStore({ store: options.store, lost }) : memoryOutbox());
  const outboxStore = tabs?.outbox(ownStore) ?? ownStore;
  const outbox = new Outbox({
    wire,
    store: outboxStore,
    keptElsewhere: () => kept.written(),
    environment,
    now: clock.now,
    newId,
    news: (news) => {
      if (isOperation(JSON.parse(news.entry.envelope) as Envelope)) replicas.news(news);
      else conversation(news.entry.log).news(news);
      tabs?.tell(news);
    },
    sizeChanged: (size) => {
      events.emit('waiting', size + (tabs?.waiting ?? 0));
      replicas.counted();
    },
    refreshToken: () => (identity.hasRest ? identity.renew() : Promise.reject(clientError('not_signed_in'))),
    storageFailed: failed,
    discardElsewhere: (id) => tabs?.discard(id),
  });
  const subscriptions = new Subscriptions({
    wire,
    environment,
    subscribed: (log, state) => {
      known.get(log)?.subscribed(state);
      replicas.reaches(log, state.head);
    },
    refused: (log, error) => {
      known.get(log)?.refused(error);
      if (parseLogName(log)?.kind === 'event') failed(error);
    },
  });
  const composer = new Composer({ newId, now: clock.now, me, device: () => identity.device });
  const blocks = new Blocks({ rest, failed });
  const shared: Omit<ConversationHost, 'arrived'> = {
    wire,
    environment,
    outbox,
    subscriptions,
    composer,
    blocks,
    kept: (log) => kept.log(log),
    me,
    failed,
  };
  const known = new Map<LogName, LogConversation>();
  const conversation = (log: LogName): LogConversation => {
    const existing = known.get(log);
    if (existing) return existing;
    const created = new LogConversation(log, { ...shared, arrived: (item) => events.emit('message', { log, item }) });
    known.set(log, created);
    return created;
  };
  const keep = (infos: readonly ConversationInfo[]) => {
    kept.infos = infos;
  };
  const list = new RestConversationList({ rest, environment, conversation, keep, failed });
  blocks.subscribe(() => {
    for (const conversation of known.values()) conversation.blocksChanged();
  });
  const replicas: Replicas = replicasOf({ ...ground, me, outbox, outboxStore, composer, subscriptions, blocks, list });
  return { outbox, subscriptions, known, conversation, list, blocks, replicas };
}

function connectionHost(
  ground: Ground,
  parts: {
    readonly identity: Identity;
    readonly presence: Presence;
    readonly session: Session;
    readonly lifecycle: () => Lifecycle;
  },
): ConnectionHost {
  const { options, environment, events, clock, requests } = ground;
  const { identity, presence, session } = parts;
  const hello = () => ({
    client: options.program ?? 'konferenco-sdk/0.1.0',
    status: presence.own,
    ...(identity.device === undefined ? {} : { device_id: identity.device }),
  });
  return {
    address: (refresh) => identity.address(refresh),
    access: (refresh) => identity.access(refresh),
    hello,
    greet: async () => {
      const askedAt = environment.now();
      const reply = await requests.ask('hello', hello());
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
      parts.lifecycle().link(link);
    },
  };
}

/** The parts of a client, each built once and given what it needs. The one place that knows them all. */
export function assemble(options: ClientOptions) {
  const ground = groundOf(options, () => connection, {
    account: () => (identity.me ? `${options.url} ${identity.me.id}` : null),
    news: (news) => {
      if (isOperation(JSON.parse(news.entry.envelope) as Envelope)) replicas.newsElsewhere(news);
      else conversation(news.entry.log).news(news);
    },
    discard: (id) => outbox.discard(id),
    inherit: () => void lifecycle.inherit(),
    signedOut: () => lifecycle.signedOutElsewhere(),
    waitingChanged: () => events.emit('waiting', outbox.size + (tabs?.waiting ?? 0)),
  });
  const { environment, events, failed, clock, requests, wire, kept, tabs } = ground;
  const person = identityOf(ground);
  const { rest, identity, me } = person;
  const { outbox, subscriptions, known, conversation, list, blocks, replicas } = conversationsOf(ground, person);
  const inbox = new Inbox({
    wire,
    environment,
    deliver: (items) => session.deliverInbox(items),
    kept: (log) => kept.log(log),
    written: () => kept.written(),
    caughtUp: (items) => events.emit('sync', { items }),
    refused: failed,
  });
  const presence = new Presence(wire, failed);
  const session = new Session({
    wire,
    requests,
    events,
    inbox,
    outbox,
    presence,
    subscriptions,
    list,
    kept,
    blocks,
    conversations: known,
    replicas,
    me,
    migrate: (within_ms) => connection.migrate(within_ms),
    heartbeat: (server_time) => clock.told(server_time),
    hasList: () => identity.hasRest,
  });
  const connection: Connection = new Connection(
    environment,
    connectionHost(ground, { identity, presence, session, lifecycle: () => lifecycle }),
  );
  const load = async (person: string) => {
    await kept.open(person);
    // Nothing waits for it: a program that has to be fetched first must not hold the connection back.
    void replicas.open();
    for (const conversation of known.values()) conversation.restored();
    await list.restore(kept.infos);
  };
  const forget = () => {
    list.clear();
    blocks.clear();
    subscriptions.clear();
    inbox.reset();
    known.clear();
    replicas.clear();
  };
  const lifecycle = new Lifecycle({
    connection,
    identity,
    inbox,
    outbox,
    rest,
    kept,
    environment,
    load,
    forget,
    failed,
    tabs,
  });
  return { connection, identity, lifecycle, events, outbox, tabs, presence, rest, list, kept, conversation, replicas };
}
