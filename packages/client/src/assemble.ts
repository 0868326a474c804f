import { type Envelope, type LogName, parseLogName } from '@konferenco/protocol';
import { Blocks } from './blocks.ts';
import { Composer } from './composer.ts';
import { Connection, type ConnectionHost } from './connection.ts';
import { LogConversation } from './conversation.ts';
import type { ConversationHost } from './conversation-host.ts';
import { RestConversationList } from './conversation-list.ts';
import { defaultEnvironment } from './environment.ts';
import { asError, clientError, type KonferencoError } from './errors.ts';
import { Emitter } from './events.ts';
import { Identity } from './identity.ts';
import { createIds } from './ids.ts';
import { Inbox } from './inbox.ts';
import { Keeper } from './kept/keeper.ts';
import { Lifecycle, type LifecycleParts } from './lifecycle.ts';
import type { OutboxNews } from './outbox-news.ts';
import { Outbox } from './outbox.ts';
import { Presence } from './presence.ts';
import { Requests } from './request.ts';
import { ServerClock } from './server-clock.ts';
import { Session, type SessionParts } from './session.ts';
import { memoryOutbox, memoryTokens } from './storage/memory.ts';
import { Subscriptions } from './subscriptions.ts';
import { isOperation } from './sync/is-operation.ts';
import type { ReplicatedParts } from './sync/open-replicated.ts';
import { Replicas } from './sync/replicas.ts';
import { accountName } from './tabs/lock-names.ts';
import type { TabHost, Tabs } from './tabs/types.ts';
import { Credentials } from './tokens.ts';
import type { ClientEvents, ClientOptions, Environment, OutboxStore, Rest } from './types.ts';

/**
 * The parts of a client, each built once, in the order of the constructor, and given what it needs. The one place that
 * knows them all: a part that stands on many is given this, as the few of its members that it names.
 */
export class Assembly implements ConversationHost, SessionParts, LifecycleParts, ReplicatedParts {
  readonly options: ClientOptions;
  /** The other programs of this device that share the connection and the outbox, if any do. */
  readonly tabs: Tabs | undefined;
  readonly environment: Environment;
  readonly events = new Emitter<ClientEvents>();
  readonly clock: ServerClock;
  /** The server's time, as far as known (Unix ms). */
  readonly now: () => number;
  readonly newId: () => string;
  readonly wire: Requests;
  readonly keeper: Keeper;
  readonly credentials: Credentials;
  readonly rest: Rest;
  readonly identity: Identity;
  readonly outboxStore: OutboxStore;
  readonly outbox: Outbox;
  readonly subscriptions: Subscriptions;
  readonly composer: Composer;
  readonly blocks: Blocks;
  /** Conversations met so far. */
  readonly conversations = new Map<LogName, LogConversation>();
  readonly list: RestConversationList;
  readonly inbox: Inbox;
  readonly presence: Presence;
  readonly replicas: Replicas;
  readonly session: Session;
  readonly connection: Connection;
  readonly lifecycle: Lifecycle;

  constructor(options: ClientOptions) {
    const own: Environment = { ...defaultEnvironment(), ...options.environment };
    this.options = options;
    this.tabs = options.tabs?.(this.#tabHost(own));
    this.environment = this.tabs ? { ...own, openSocket: this.tabs.openSocket } : own;
    this.clock = new ServerClock(own.now);
    this.now = this.clock.now;
    this.newId = createIds({ now: this.now, random16: () => own.randomBytes(16) });
    this.wire = new Requests({ environment: own, connection: () => this.connection });
    this.keeper = new Keeper(this);
    this.credentials = this.#credentials();
    this.rest = this.#rest();
    this.identity = new Identity(this);
    const store = options.outbox ?? this.keeper.outbox() ?? memoryOutbox();
    this.outboxStore = this.tabs?.outbox(store) ?? store;
    this.outbox = this.#outbox();
    this.subscriptions = this.#subscriptions();
    this.composer = new Composer(this);
    this.blocks = new Blocks(this);
    this.blocks.subscribe(() => {
      for (const conversation of this.conversations.values()) conversation.blocksChanged();
    });
    this.list = new RestConversationList(this);
    this.inbox = new Inbox(this);
    this.presence = new Presence(this.wire, this.failed);
    this.replicas = this.#replicas();
    this.session = new Session(this);
    this.connection = new Connection(this.environment, this.#connectionHost());
    this.lifecycle = new Lifecycle(this);
  }

  /** Messages and operations that wait to be sent, here and in other tabs. */
  get waiting(): number {
    return this.outbox.size + (this.tabs?.waiting ?? 0);
  }

  /** A failure that no call waits for. */
  readonly failed = (error: KonferencoError): void => this.events.emit('error', error);

  readonly me = (): string => this.identity.me?.id ?? '';

  readonly hasList = (): boolean => this.identity.hasRest;

  readonly migrate = (within_ms: number): void => this.connection.migrate(within_ms);

  readonly heartbeat = (server_time: number): void => this.clock.told(server_time);

  readonly rewordElsewhere: ConversationHost['rewordElsewhere'] = (log, id, words) =>
    this.tabs?.reword({ log, id, ...words }) ?? false;

  /** The same object for the same log. */
  readonly conversation = (log: LogName): LogConversation => {
    const existing = this.conversations.get(log);
    if (existing) return existing;
    const created = new LogConversation(log, this);
    this.conversations.set(log, created);
    return created;
  };

  /** Loads what this device keeps of the person, and shows it. */
  readonly load = async (person: string): Promise<void> => {
    await this.keeper.open(person);
    // Nothing waits for it: a program that has to be fetched first must not hold the connection back.
    void this.replicas.open();
    for (const conversation of this.conversations.values()) conversation.restored();
    await this.list.restore(this.keeper.kept.infos);
  };

  /** Replicated state is shown, where it is kept. */
  readonly shown = async (): Promise<void> => {
    if (this.keeper.kept.store) await this.replicas.open();
  };

  /** Forgets conversations, list and subscriptions: they are another person's from now on. */
  readonly forget = (): void => {
    this.list.clear();
    this.blocks.clear();
    this.subscriptions.clear();
    this.inbox.reset();
    this.conversations.clear();
    this.replicas.clear();
  };

  #tabHost(environment: Environment): TabHost {
    return {
      environment,
      account: () => (this.identity.me ? accountName(this.options.url, this.identity.me.id) : null),
      news: (news) =>
        isAboutState(news) ? this.replicas.newsElsewhere(news) : this.conversation(news.entry.log).news(news),
      discard: (id) => this.outbox.discard(id),
      reword: ({ log, id, text, mentions }) => {
        // What becomes of it is told as news.
        this.conversation(log)
          .edit(id, text, { mentions })
          .catch(() => undefined);
      },
      inherit: () => void this.lifecycle.inherit(),
      conflictsNoted: () => this.replicas.conflictsNoted(),
      signedOut: () => this.lifecycle.signedOutElsewhere(),
      waitingChanged: () => this.events.emit('waiting', this.waiting),
    };
  }

  #credentials(): Credentials {
    return new Credentials({
      store: this.options.tokens ?? memoryTokens(),
      exchange: (refresh_token) => this.rest('refresh', { body: { refresh_token } }),
      exclusively: this.environment.exclusively,
      ended: (error) => this.connection.signOut(error.code, error.message),
    });
  }

  /** The REST surface, loaded with its first call; names that pass by are known without a network from then on. */
  #rest(): Rest {
    const { options, environment, credentials: tokens } = this;
    let loading: Promise<Rest> | null = null;
    const load = async () => (await import('./rest.ts')).createRest({ url: options.url, environment, tokens });
    return async (route, request) => {
      loading ??= load();
      const rest = await loading.catch((thrown: unknown) => {
        loading = null;
        throw asError(thrown);
      });
      const response = await rest(route, request);
      this.keeper.kept.learnFrom(response);
      return response;
    };
  }

  #outbox(): Outbox {
    const { wire, environment, now, newId, failed, identity, tabs } = this;
    return new Outbox({
      ...{ wire, environment, newId, now, store: this.outboxStore, storageFailed: failed },
      keptElsewhere: () => this.keeper.kept.written(),
      news: (news) => {
        if (isAboutState(news)) this.replicas.news(news);
        else this.conversation(news.entry.log).news(news);
        tabs?.tell(news);
      },
      sizeChanged: () => {
        this.events.emit('waiting', this.waiting);
        this.replicas.counted();
      },
      refreshToken: () => (identity.hasRest ? identity.renew() : Promise.reject(clientError('not_signed_in'))),
      discardElsewhere: (id) => tabs?.discard(id),
    });
  }

  #subscriptions(): Subscriptions {
    const { wire, environment, conversations } = this;
    return new Subscriptions({
      wire,
      environment,
      subscribed: (log, state) => {
        conversations.get(log)?.subscribed(state);
        this.replicas.reaches(log, state.head);
      },
      refused: (log, error) => {
        conversations.get(log)?.refused(error);
        if (parseLogName(log)?.kind === 'event') this.failed(error);
      },
    });
  }

  #replicas(): Replicas {
    const { me, failed } = this;
    return new Replicas({
      me,
      failed,
      load: async () => (await import('./sync/open-replicated.ts')).openReplicated(this),
      changed: (own, { isComplete, waiting }) => {
        this.blocks.give(own.blocked, isComplete);
        this.list.expect(own.channels, waiting);
      },
    });
  }

  #connectionHost(): ConnectionHost {
    const { options, environment, events, clock, wire, identity, presence, session } = this;
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
        const reply = await wire.ask('hello', hello());
        clock.answered(reply.server_time, askedAt);
        return reply;
      },
      greeted: (reply) => {
        identity.greeted(reply);
        session.resume(reply);
      },
      frame: (frame) => session.frame(frame),
      brokeOff: () => identity.brokeOff(),
      lost: () => {
        identity.lost();
        session.lost();
      },
      link: (link) => {
        events.emit('link', link);
        this.lifecycle.link(link);
      },
    };
  }
}

/** Whether news is about an operation on replicated state. */
function isAboutState({ entry }: OutboxNews): boolean {
  return isOperation(JSON.parse(entry.envelope) as Envelope);
}
