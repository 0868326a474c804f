import {
  type ConversationInfo,
  type Envelope,
  type InboxItem,
  type Item,
  type LogName,
  type LogState,
  parseLogName,
  type ReadPayload,
  type TypingPayload,
} from '@konferenco/protocol';
import type { Composer } from './composer.ts';
import { asError, clientError, type KonferencoError } from './errors.ts';
import { Signal } from './events.ts';
import type { Delivery } from './log-cursor.ts';
import { LogFeed } from './log-feed.ts';
import type { Outbox, OutboxNews } from './outbox.ts';
import { Pages } from './pages.ts';
import { ReadMark } from './read-mark.ts';
import { Replica } from './replica.ts';
import type { Wire } from './request.ts';
import type { Subscriptions } from './subscriptions.ts';
import { LogThread } from './thread.ts';
import type { Conversation, ConversationState, Environment, Message, MessageState, Receipt, SendOptions, Thread, TimelineGap } from './types.ts';
import { Typing } from './typing.ts';

/** Unread entries loaded at the start to be counted exactly; of what lies before, only the number of entries is known. */
export const UNREAD_WINDOW = 50;
/** After a close, a conversation further behind than this starts from its newest page again. */
export const RESTART_BEHIND = 200;

export interface ConversationHost {
  readonly wire: Wire;
  readonly environment: Environment;
  readonly outbox: Outbox;
  readonly subscriptions: Subscriptions;
  readonly composer: Composer;
  readonly me: () => string;
  /** An entry arrived: told once per offset, in order. */
  readonly arrived: (log: LogName, item: Item | InboxItem) => void;
  readonly failed: (error: KonferencoError) => void;
}

interface Watcher {
  readonly fn: (state: MessageState) => void;
  last: MessageState | null;
}
const WATCHERS_MAX = 1_000;

/** One channel or direct conversation: what it shows, and what can be done in it. */
export class LogConversation implements Conversation {
  readonly log: LogName;
  readonly #host: ConversationHost;
  readonly #replica: Replica;
  readonly #feed: LogFeed<Item | InboxItem>;
  readonly #pages: Pages;
  readonly #typing: Typing;
  readonly #read: ReadMark;
  readonly #changes = new Signal();
  readonly #threads = new Map<string, LogThread>();
  readonly #watchers = new Map<string, Watcher>();
  #state: ConversationState | null = null;
  #opening: PromiseWithResolvers<void> | null = null;
  #opened = false;
  #listed = false;
  /** The newest offset when following began: what lies before was not an arrival. */
  #since = 0;
  #closedBefore = false;

  constructor(log: LogName, host: ConversationHost) {
    this.log = log;
    this.#host = host;
    this.#replica = new Replica(log, host.me);
    this.#feed = new LogFeed({
      log,
      wire: host.wire,
      environment: host.environment,
      positionOf: (item) => item.offset,
      deliver: (due) => this.#deliver(due),
      refused: (error) => this.refused(error),
    });
    this.#pages = new Pages({ log, wire: host.wire, replica: this.#replica, changed: () => this.#changed() });
    this.#typing = new Typing({ environment: host.environment, say: (active) => this.#sayTyping(active), changed: () => this.#changed() });
    this.#read = new ReadMark({ environment: host.environment, say: (offset) => this.#whisper('read', { log, offset }) });
    for (const waiting of host.outbox.of(log)) this.#replica.draft(JSON.parse(waiting.entry.envelope) as Envelope, waiting.state, waiting.error);
  }

  state(): ConversationState {
    this.#state ??= {
      log: this.log,
      timeline: this.#replica.timeline(),
      has_older: this.#pages.hasOlder,
      loading: this.#pages.loading || this.#opening !== null,
      typing: this.#typing.users,
      read: this.#read.offset,
      peer_read: this.#replica.peerRead,
      ...this.#unread(),
    };
    return this.#state;
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  open(): Promise<void> {
    if (this.#opened) return this.#opening?.promise ?? Promise.resolve();
    this.#opened = true;
    this.#opening = Promise.withResolvers<void>();
    const { promise } = this.#opening;
    this.#host.subscriptions.want(this.log, 'opened');
    if (this.#feed.position !== null && this.#host.wire.online && this.#host.subscriptions.isLive(this.log)) void this.#loadFirstPage();
    this.#changed();
    return promise;
  }

  close(): void {
    if (!this.#opened) return;
    this.#opened = false;
    this.#closedBefore = true;
    this.#typing.stop();
    this.#host.subscriptions.release(this.log, 'opened');
    this.#opening?.resolve();
    this.#opening = null;
    this.#changed();
  }

  loadOlder(): Promise<void> {
    return this.#pages.older();
  }

  fill(gap: TimelineGap): Promise<void> {
    return this.#pages.fill(gap);
  }

  async send(text: string, options: SendOptions = {}): Promise<Receipt> {
    this.#typing.stop();
    const { mentions, reply_to, thread } = options;
    const envelope = this.#host.composer.text(this.log, { text, mentions, reply_to, thread });
    if (options.onState) this.#watch(envelope.id, options.onState);
    return this.#host.outbox.add(this.log, envelope);
  }

  async edit(id: string, text: string): Promise<Receipt> {
    return this.#correct('edit', { target: this.#storedId(id), text });
  }

  async remove(id: string): Promise<Receipt> {
    return this.#correct('delete', { target: this.#storedId(id) });
  }

  async react(id: string, emoji: string, op: 'add' | 'remove'): Promise<Receipt> {
    return this.#correct('reaction', { target: this.#storedId(id), emoji, op });
  }

  retry(id: string): void {
    const failed = this.#failed.get(id);
    if (!failed) return;
    this.#host.outbox.again(failed);
    this.#failed.delete(id);
  }
  readonly #failed = new Map<string, Extract<OutboxNews, { kind: 'failed' }>['entry']>();

  discard(id: string): void {
    if (!this.#failed.delete(id)) return this.#host.outbox.discard(id);
    this.#replica.dropDraft(id);
    this.#watchers.delete(id);
    this.#changed();
  }

  markRead(): void {
    const newest = Math.max(this.#feed.position ?? 0, this.#replica.newestOffset);
    if (this.#read.move(newest)) this.#changed();
  }

  typing(): void {
    this.#typing.type();
  }

  thread(root: string): Thread {
    let thread = this.#threads.get(root);
    if (!thread) {
      thread = new LogThread({ log: this.log, root, wire: this.#host.wire, replica: this.#replica, changed: () => this.#changed() });
      this.#threads.set(root, thread);
    }
    return thread;
  }

  /** The newest message and when it was stored, for a list's preview. */
  newest(): { readonly message: Message; readonly at: number } | null {
    return this.#replica.newest();
  }

  /** A line of the conversation list: read marks, and where the log stands. */
  adopt(info: ConversationInfo): void {
    this.#listed = true;
    this.#read.learn(info.read);
    if (info.peer_read !== undefined) this.#replica.readByPeer(info.peer_read);
    if (info.last) this.#replica.insert([info.last]);
    // A direct conversation comes by the inbox; a channel has to be asked for.
    if (parseLogName(this.log)?.kind === 'channel') this.#host.subscriptions.want(this.log, 'listed');
    else this.#stand(info.state);
    this.#changed();
  }

  /** The list does not have it any more. */
  unlist(): void {
    this.#listed = false;
    this.#host.subscriptions.release(this.log, 'listed');
  }

  subscribed(state: LogState): void {
    const position = this.#feed.position;
    if (this.#closedBefore && position !== null && state.head - position > RESTART_BEHIND) this.#restart();
    this.#closedBefore = false;
    this.#stand(state);
    this.#read.flush();
    if (this.#opened && this.#opening) void this.#loadFirstPage();
    for (const thread of this.#threads.values()) thread.resume();
  }

  refused(error: KonferencoError): void {
    if (!this.#opening) this.#host.failed(error);
    this.#opening?.reject(error);
    this.#opening = null;
    this.#opened = false;
    this.#changed();
  }

  /** Entries from the subscription or the inbox. False when this conversation does not follow its log. */
  live(items: readonly (Item | InboxItem)[]): boolean {
    if (this.#feed.position === null) return false;
    this.#feed.live(items);
    return true;
  }

  /** Whether entries from the inbox belong to what is followed here, and whether they were told already. */
  standing(offset: number): 'elsewhere' | 'told' | 'untold' | 'ahead' {
    const position = this.#feed.position;
    const followed = parseLogName(this.log)?.kind === 'direct' || this.#host.subscriptions.isLive(this.log);
    if (position === null) return 'elsewhere';
    if (offset <= position) return offset > this.#since ? 'told' : 'untold';
    return followed ? 'ahead' : 'elsewhere';
  }

  skipped(from: number, to: number): void {
    this.#feed.skipped(from, to);
  }

  transient(envelope: Envelope): void {
    const sender = envelope.from.user_id;
    const mine = sender === this.#host.me();
    const payload: unknown = envelope.payload;
    if (envelope.subtype === 'typing' && !mine) this.#typing.heard(sender, (payload as TypingPayload).active);
    if (envelope.subtype !== 'read') return;
    const { log, offset } = payload as ReadPayload;
    if (log !== this.log) return;
    if (mine) this.#read.learn(offset);
    else if (parseLogName(log)?.kind === 'direct') this.#replica.readByPeer(offset);
    this.#changed();
  }

  /** What became of a message of one's own. */
  news(news: OutboxNews): void {
    const { entry } = news;
    const envelope = JSON.parse(entry.envelope) as Envelope;
    switch (news.kind) {
      case 'queued':
        this.#replica.draft(envelope, 'queued', news.error);
        break;
      case 'sent':
        this.#replica.draft(envelope, 'sent');
        break;
      case 'failed':
        this.#replica.draft(envelope, 'failed', news.error);
        if (this.#replica.message(entry.id)) this.#failed.set(entry.id, entry);
        break;
      case 'stored':
        this.#replica.insert([{ offset: news.reply.offset, at: news.reply.at, envelope }]);
        break;
      case 'renamed':
        this.#rename(news.was, envelope);
        break;
      case 'dropped':
        this.#replica.dropDraft(entry.id);
        this.#watchers.delete(entry.id);
        break;
    }
    this.#changed();
  }

  lost(): void {
    this.#typing.lost();
    this.#changed();
  }

  /** The store is another one: offsets mean something else now. */
  reset(): void {
    const wasOpen = this.#opened;
    this.#restart();
    this.#read.reset();
    if (wasOpen) this.#opening ??= Promise.withResolvers<void>();
    this.#opening?.promise.catch((error: unknown) => this.#host.failed(asError(error)));
    this.#changed();
  }

  #restart(): void {
    this.#feed.stop();
    this.#replica.clear();
    this.#pages.reset();
  }

  /** Begins to follow, or learns how far the log has grown. */
  #stand(state: LogState): void {
    if (this.#feed.position === null) {
      const unread = Math.max(this.#read.offset, state.head - UNREAD_WINDOW, state.first - 1);
      const position = this.#listed ? Math.min(unread, state.head) : state.head;
      this.#since = state.head;
      this.#feed.start(position);
      this.#pages.begin(position, state.first);
    }
    void this.#feed.learn(state.head);
  }

  async #loadFirstPage(): Promise<void> {
    try {
      if (!this.#pages.loadedAny) await this.#pages.older();
      this.#opening?.resolve();
      this.#opening = null;
    } catch (thrown) {
      const error = asError(thrown);
      // The next connection brings another chance; anything else is told to who opened it.
      if (error.error === 'disconnected' || error.error === 'timeout') return;
      this.refused(error);
    }
    this.#changed();
  }

  #deliver(due: readonly Delivery<Item | InboxItem>[]): void {
    for (const delivery of due) {
      if (delivery.kind === 'gap') this.#replica.addGap(delivery.gap);
      else {
        this.#replica.insert([delivery.item]);
        const sender = delivery.item.envelope?.from.user_id;
        if (sender !== undefined) this.#typing.heard(sender, false);
      }
    }
    this.#changed();
    for (const delivery of due) if (delivery.kind === 'item' && delivery.position > this.#since) this.#host.arrived(this.log, delivery.item);
  }

  #unread(): { readonly unread: number; readonly mentions: number } {
    const { unread, mentions } = this.#replica.unreadAfter(this.#read.offset);
    return { unread: unread + this.#pages.unloadedAfter(this.#read.offset), mentions };
  }

  #correct(subtype: 'edit' | 'delete' | 'reaction', payload: Record<string, unknown>): Promise<Receipt> {
    return this.#host.outbox.add(this.log, this.#host.composer.chat(this.log, subtype, payload));
  }

  #storedId(id: string): string {
    if ((this.#replica.message(id)?.offset ?? null) === null) throw clientError('unknown_message');
    return id;
  }

  #sayTyping(active: boolean): void {
    this.#whisper('typing', { active });
  }

  /** Best-effort: said once, to whoever is there. */
  #whisper(subtype: 'typing' | 'read', payload: Record<string, unknown>): boolean {
    return this.#host.wire.online && this.#host.wire.say({ type: 'publish', envelope: this.#host.composer.chat(this.log, subtype, payload) });
  }

  #rename(was: string, envelope: Envelope): void {
    this.#replica.dropDraft(was);
    this.#replica.draft(envelope, 'queued');
    const watcher = this.#watchers.get(was);
    this.#watchers.delete(was);
    if (watcher) this.#watchers.set(envelope.id, watcher);
  }

  #watch(id: string, fn: (state: MessageState) => void): void {
    this.#watchers.set(id, { fn, last: null });
    const [oldest] = this.#watchers.keys();
    if (this.#watchers.size > WATCHERS_MAX && oldest !== undefined) this.#watchers.delete(oldest);
  }

  #changed(): void {
    this.#state = null;
    for (const [id, watcher] of this.#watchers) {
      const state = this.#replica.message(id)?.state;
      if (state === undefined || state === watcher.last) continue;
      watcher.last = state;
      if (state === 'read') this.#watchers.delete(id);
      watcher.fn(state);
    }
    this.#changes.emit();
    for (const thread of this.#threads.values()) thread.changed();
  }
}
