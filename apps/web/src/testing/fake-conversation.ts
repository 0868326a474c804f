import type { Conversation, ConversationState, Message, SendError, Thread, TimelineEntry } from '@konferenco/client';
import { createStore } from '../state/store.ts';
import { createMessages, ME, NOW } from './world.ts';

/** Entries a fake shows at first and loads at a time. */
const PAGE = 200;

export interface FakeOptions {
  readonly log: string;
  readonly said: readonly TimelineEntry[];
  /** Read up to this offset. */
  readonly read: number;
  /** Whether what is sent arrives; otherwise it waits. */
  readonly online: () => boolean;
  readonly changed: () => void;
}

/** A conversation in memory. A text that begins with "!" is refused, so that refusals can be looked at. */
export interface FakeConversation extends Conversation {
  /** Somebody else says something. */
  hear(more: Partial<Message>): void;
  type(users: readonly string[]): void;
  /** These are unread and stand above what was read. */
  comeLate(ids: readonly string[]): void;
}

export function createFakeConversation(options: FakeOptions): FakeConversation {
  const { log, said } = options;
  const make = createMessages(`${log}#later`);
  let from = Math.max(0, said.length - PAGE);
  const head = (): number =>
    Math.max(
      0,
      ...store
        .state()
        .timeline.slice(-PAGE)
        .map((e) => (e.kind === 'message' ? (e.offset ?? 0) : e.to)),
    );
  const unread = said.filter(
    (e) => e.kind === 'message' && (e.offset ?? 0) > options.read && e.sender !== ME.id,
  ) as readonly Message[];
  const store = createStore<ConversationState>({
    log,
    timeline: said.slice(from),
    has_older: from > 0,
    loading: false,
    typing: [],
    read: options.read,
    peer_read: 0,
    unread: unread.length,
    mentions: unread.filter((m) => m.mentions.includes(ME.id)).length,
    late_above: [],
  });
  const replies = new Map<
    string,
    ReturnType<typeof createStore<{ timeline: readonly TimelineEntry[]; loading: boolean }>>
  >();
  const put = (change: Partial<ConversationState>): void => {
    store.set({ ...store.state(), ...change });
    options.changed();
  };
  const change = (id: string, more: Partial<Message>): void => {
    const swap = (entries: readonly TimelineEntry[]) =>
      entries.map((e) => (e.kind === 'message' && e.id === id ? { ...e, ...more } : e));
    put({ timeline: swap(store.state().timeline) });
    for (const thread of replies.values()) thread.set({ ...thread.state(), timeline: swap(thread.state().timeline) });
  };
  const threadStore = (root: string) => {
    const found =
      replies.get(root) ??
      createStore<{ timeline: readonly TimelineEntry[]; loading: boolean }>({ timeline: [], loading: false });
    replies.set(root, found);
    return found;
  };
  const deliver = async (message: Message): Promise<void> => {
    if (!options.online()) return;
    change(message.id, { state: 'sent' });
    await Promise.resolve();
    if (!message.text.startsWith('!')) return change(message.id, { state: 'stored', offset: head() + 1 });
    const error: SendError = { code: 2100, error: 'forbidden', message: 'You do not have permission to do this.' };
    change(message.id, { state: 'failed', error });
  };
  const receipt = (id: string) => Promise.resolve({ id, log, offset: head() });
  return {
    log,
    state: store.state,
    subscribe: store.subscribe,
    open: async () => {},
    close: () => {},
    async loadOlder() {
      put({ loading: true });
      await new Promise((resolve) => setTimeout(resolve, 30));
      const before = from;
      from = Math.max(0, from - PAGE);
      put({ loading: false, timeline: [...said.slice(from, before), ...store.state().timeline], has_older: from > 0 });
    },
    async fill(gap) {
      put({ timeline: store.state().timeline.filter((e) => e !== gap) });
    },
    written: () => ({ id: crypto.randomUUID(), timestamp: NOW }),
    async send(text, send = {}) {
      const message = make({
        log,
        text,
        offset: null,
        state: 'queued',
        timestamp: NOW,
        mentions: send.mentions ?? [],
        ...(send.reply_to ? { reply_to: send.reply_to } : {}),
        ...(send.thread ? { thread: send.thread } : {}),
      });
      if (send.thread) {
        const thread = threadStore(send.thread);
        thread.set({ ...thread.state(), timeline: [...thread.state().timeline, message] });
        const root = store.state().timeline.find((e) => e.kind === 'message' && e.id === send.thread) as
          | Message
          | undefined;
        if (root) change(root.id, { replies: root.replies + 1 });
      } else put({ timeline: [...store.state().timeline, message] });
      await deliver(message);
      return receipt(message.id);
    },
    edit(id, text) {
      change(id, { text, edited: true });
      return receipt(id);
    },
    remove(id) {
      change(id, { text: '', gone: 'erased' });
      return receipt(id);
    },
    react(id, emoji, op) {
      const message = store.state().timeline.find((e) => e.kind === 'message' && e.id === id) as Message | undefined;
      const others = message?.reactions.filter((r) => r.emoji !== emoji) ?? [];
      const before = message?.reactions.find((r) => r.emoji === emoji)?.users.filter((u) => u !== ME.id) ?? [];
      const users = op === 'add' ? [...before, ME.id] : before;
      change(id, { reactions: users.length > 0 ? [...others, { emoji, users }] : others });
      return receipt(id);
    },
    retry: (id) => change(id, { state: 'stored', offset: head() + 1 }),
    discard: (id) => put({ timeline: store.state().timeline.filter((e) => e.kind !== 'message' || e.id !== id) }),
    markRead: () => {
      if (store.state().unread > 0) put({ unread: 0, mentions: 0, read: head() });
    },
    typing: () => {},
    thread(root): Thread {
      const thread = threadStore(root);
      return { root, state: thread.state, subscribe: thread.subscribe, open: async () => {} };
    },
    hear: (more) =>
      put({ timeline: [...store.state().timeline, make({ log, offset: head() + 1, timestamp: NOW, ...more })] }),
    type: (users) => put({ typing: users }),
    comeLate: (ids) => put({ late_above: ids }),
  };
}
