import type {
  Client,
  ClientEvents,
  ConversationSummary,
  Link,
  Message,
  OutboxEntry,
  Rest,
  RouteName,
  User,
} from '@konferenco/client';
import { createStore } from '../state/store.ts';
import { createFakeConversation, type FakeConversation } from './fake-conversation.ts';
import { createFakeReplicated, type FakeReplicated } from './fake-replicated.ts';
import { CHANNELS, createTimelines, EVENT, ME, MEMBERS, NOW, REPORTS, SESSIONS } from './world.ts';

export interface FakeClientOptions {
  readonly signedIn: boolean;
  readonly link: Link;
  /** Nothing was ever said and nobody else is there. */
  readonly empty: boolean;
}

export interface FakeClient extends Client, FakeReplicated {
  readonly conversation: (log: string) => FakeConversation;
  setLink(link: Link): void;
  /** What waits to be sent. */
  outbox(): readonly OutboxEntry[];
  /** Tells the page of something, as the SDK would. */
  tell<E extends keyof ClientEvents>(event: E, value: ClientEvents[E]): void;
}

/** A client of a made-up event in memory, for looking at screens and testing them without a server. */
export function createFakeClient(options: FakeClientOptions): FakeClient {
  const listeners = new Map<keyof ClientEvents, Set<(value: never) => void>>();
  const timelines = options.empty ? new Map() : createTimelines();
  const conversations = new Map<string, FakeConversation>();
  const list = createStore<{ items: readonly ConversationSummary[]; loading: boolean }>({ items: [], loading: false });
  let link = options.link;
  let me: User | null = options.signedIn ? ME : null;
  let consent: { readonly given_at: number; readonly device: string } | null = null;
  let blocked: readonly string[] = ['u-yael'];

  const emit = <E extends keyof ClientEvents>(event: E, value: ClientEvents[E]): void => {
    for (const fn of listeners.get(event) ?? []) fn(value as never);
  };
  const conversation = (log: string): FakeConversation => {
    const found = conversations.get(log);
    if (found) return found;
    const said = timelines.get(log) ?? [];
    const read = log === 'ch:welcome' ? 6 : said.length;
    const made = createFakeConversation({
      log,
      said,
      read,
      online: () => link.kind === 'online',
      changed: () => refresh(),
    });
    conversations.set(log, made);
    return made;
  };
  const refresh = (): void => {
    list.set({ items: [...timelines.keys()].map(summaryOf).filter((s) => s !== null), loading: false });
    emit('waiting', waiting());
  };
  const replicated = createFakeReplicated({
    empty: options.empty,
    online: () => link.kind === 'online',
    changed: () => emit('waiting', waiting()),
  });
  const waiting = (): number =>
    replicated.operations() +
    [...conversations.values()]
      .flatMap((c) => c.state().timeline)
      .filter((e) => e.kind === 'message' && e.state === 'queued').length;
  const summaryOf = (log: string): ConversationSummary | null => {
    const channel = CHANNELS.find((c) => `ch:${c.id}` === log);
    if (channel && !channel.joined) return null;
    const peer = MEMBERS.map((m) => m.user).find((u) => u.id !== ME.id && log.includes(u.id));
    const state = conversation(log).state();
    const last = state.timeline.findLast((e) => e.kind === 'message' && !e.gone) as Message | undefined;
    return {
      log,
      state: { first: 1, head: state.timeline.length },
      read: state.read,
      muted: log === 'ch:crew',
      unread: state.unread,
      mentions: state.mentions,
      preview: last
        ? {
            sender: last.sender,
            text: last.text,
            at: last.timestamp,
            timestamp: last.timestamp,
            ...(last.offset === null ? { state: last.state } : {}),
          }
        : null,
      ...(channel ? { channel } : {}),
      ...(peer ? { peer } : {}),
    };
  };

  const answers: Partial<
    Record<
      RouteName,
      (request: { params?: Readonly<Record<string, string>>; query?: unknown; body?: unknown }) => unknown
    >
  > = {
    server: () => ({ name: 'Kai & Whenua', version: '0.1.0', demo: true }),
    me: () => ({ user: me ?? ME, events: [EVENT], blocked }),
    event: () => ({ event: EVENT, sessions: options.empty ? [] : SESSIONS }),
    channels: () => ({ items: options.empty ? [] : CHANNELS }),
    members: ({ query }) => ({
      items: options.empty
        ? []
        : MEMBERS.filter((m) =>
            m.user.name.toLowerCase().startsWith(((query as { q?: string })?.q ?? '').toLowerCase()),
          ),
    }),
    channelMembers: () => ({ items: MEMBERS }),
    positions: () => ({ items: [], ...(consent ? { consent } : {}) }),
    allowPositions: () => {
      consent = { given_at: NOW, device: 'here' };
      return consent;
    },
    withdrawPositions: () => {
      consent = null;
      return {};
    },
    user: ({ params }) =>
      MEMBERS.find((m) => m.user.id === params?.['user'])?.user ?? {
        id: params?.['user'] ?? '',
        name: params?.['user'] ?? '',
      },
    reports: () => ({ items: options.empty ? [] : REPORTS }),
    report: () => REPORTS[0],
    resolveReport: ({ body }) => ({ ...REPORTS[0], ...(body as object) }),
    invite: ({ params }) => {
      if (params?.['code'] !== 'K7QF2M') throw new Error('The invitation is unknown, used up or expired.');
      return {
        code: 'K7QF2M',
        event_id: EVENT.id,
        event_title: EVENT.title,
        role: 'attendee',
        url: '',
        expires_at: NOW + 7 * 86_400_000,
        uses_left: 50,
      };
    },
    createInvite: () => ({
      code: 'K7QF2M',
      event_id: EVENT.id,
      event_title: EVENT.title,
      role: 'attendee',
      url: '',
      expires_at: NOW + 7 * 86_400_000,
      uses_left: 50,
    }),
    acceptInvite: () => EVENT,
    updateMe: ({ body }) => ({ ...ME, ...(body as object) }),
    block: ({ params }) => {
      blocked = [...blocked, params?.['user'] ?? ''];
      return {};
    },
    unblock: ({ params }) => {
      blocked = blocked.filter((u) => u !== params?.['user']);
      return {};
    },
    search: ({ query }) => ({ items: hits((query as { q: string }).q) }),
    createChannel: ({ body }) => ({ ...CHANNELS[0], topic: '', id: 'new', ...(body as object) }),
    join: () => CHANNELS[0],
    leave: () => ({}),
    freeTimes: () => ({
      slots: [2, 3, 4, 40, 41, 44].map((half) => ({
        starts_at: NOW + half * 1_800_000,
        ends_at: NOW + (half + 1) * 1_800_000,
      })),
    }),
    mute: () => ({}),
    unmute: () => ({}),
    addChannelMember: () => ({}),
    removeChannelMember: () => ({}),
  };
  const hits = (q: string): readonly unknown[] =>
    [...createTimelines().entries()].flatMap(([log, said]) =>
      said
        .filter((e) => e.kind === 'message' && e.text.toLowerCase().includes(q.toLowerCase()))
        .slice(-20)
        .map((e) => {
          const m = e as Message;
          const at = m.text.toLowerCase().indexOf(q.toLowerCase());
          const snippet = `${m.text.slice(0, at)}\u0002${m.text.slice(at, at + q.length)}\u0003${m.text.slice(at + q.length)}`;
          return {
            log,
            snippet,
            item: { offset: m.offset ?? 0, at: m.timestamp, envelope: { id: m.id, from: { user_id: m.sender } } },
          };
        }),
    );
  const rest = (async (route: RouteName, request = {}) => {
    const answer = answers[route];
    if (link.kind === 'offline' || !answer) throw new Error('The server cannot be reached.');
    return answer(request);
  }) as Rest;

  const known = createStore<readonly User[]>(options.empty ? [ME] : MEMBERS.map((m) => m.user));
  return {
    ...replicated,
    ready: Promise.resolve(),
    people: {
      get: (id) => known.state().find((u) => u.id === id),
      all: known.state,
      learn: () => {},
      subscribe: known.subscribe,
    },
    usage: async () => ({
      kind: 'durable',
      bytes: 3_400_000,
      quota: 640_000_000,
      persisted: false,
      entries: 1_312,
      entry_bytes: 412_000,
      keep: { entries: 100_000, bytes: 200_000_000 },
    }),
    get link() {
      return link;
    },
    get me() {
      return me;
    },
    get waiting() {
      return waiting();
    },
    presence: {
      status: (user) => (['online', 'away', 'busy', 'offline'] as const)[user.length % 4] ?? 'offline',
      count: () => (options.empty ? 0 : 214),
      subscribe: () => () => {},
      watch: () => {},
      set: () => {},
    },
    rest,
    conversations: { state: list.state, subscribe: list.subscribe, refresh: async () => refresh() },
    async signIn({ name }) {
      me = { ...ME, name };
      return me;
    },
    async signOut() {
      me = null;
    },
    restore: async () => me,
    connect: async () => {},
    reconnectNow: () => {},
    close: async () => {},
    on(event, fn) {
      const set = listeners.get(event) ?? new Set();
      set.add(fn as (value: never) => void);
      listeners.set(event, set);
      return () => set.delete(fn as (value: never) => void);
    },
    channel: (id) => conversation(`ch:${id}`),
    direct: (user) => conversation(ME.id < user ? `dm:${ME.id}:${user}` : `dm:${user}:${ME.id}`),
    publish: async () => ({ id: 'p', log: `dm:${ME.id}:${ME.id}`, offset: 1 }),
    conversation,
    outbox: () => [
      ...replicated.sync.state().operations.map(({ id, document }) => {
        const payload = { on: document, op: 'add', element: id === 'op-0' ? 's-2' : 's-5' };
        const envelope = { type: 'state', subtype: 'operation', to: { type: 'user', id: ME.id }, payload };
        return { id, log: `me:${ME.id}`, envelope: JSON.stringify(envelope), created_at: NOW };
      }),
      ...[...conversations.values()]
        .flatMap((c) => c.state().timeline.map((e) => ({ ...e, log: c.log })))
        .flatMap((e) =>
          e.kind === 'message' && e.state === 'queued'
            ? [
                {
                  id: e.id,
                  log: e.log,
                  envelope: JSON.stringify({ type: 'chat', subtype: 'channel_message', payload: { text: e.text } }),
                  created_at: e.timestamp,
                },
              ]
            : [],
        ),
    ],
    tell: emit,
    setLink(next) {
      link = next;
      emit('link', next);
      if (next.kind !== 'online') return;
      replicated.deliver();
      emit('waiting', waiting());
    },
  };
}
