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
import type { ConversationHost } from './conversation-host.ts';
import { clientError, type KonferencoError } from './errors.ts';
import { Signal } from './events.ts';
import { Following } from './following.ts';
import type { LogKeeping } from './kept/keeping.ts';
import type { Delivery } from './log-cursor.ts';
import type { OutboxNews } from './outbox-news.ts';
import { Marks } from './marks.ts';
import { OwnMessages } from './own-messages.ts';
import { Replica } from './replica.ts';
import { LogThread, type ThreadOptions } from './thread.ts';
import type {
  Conversation,
  ConversationState,
  Message,
  Receipt,
  SendOptions,
  Thread,
  TimelineGap,
  Written,
} from './types.ts';
import { Typing } from './typing.ts';

/** One channel or direct conversation: what it shows, and what can be done in it. */
export class LogConversation implements Conversation {
  readonly log: LogName;
  readonly #host: ConversationHost;
  readonly #replica: Replica;
  readonly #following: Following;
  readonly #own: OwnMessages;
  readonly #typing: Typing;
  readonly #marks: Marks;
  #kept: LogKeeping;
  /** What every part of a conversation is given. */
  readonly #shared: Omit<ThreadOptions, 'root'>;
  readonly #changes = new Signal();
  readonly #threads = new Map<string, LogThread>();
  #state: ConversationState | null = null;

  constructor(log: LogName, host: ConversationHost) {
    const { wire, environment, subscriptions, outbox, composer, rewordElsewhere, failed } = host;
    this.log = log;
    this.#host = host;
    this.#kept = host.keeper.kept.log(log);
    this.#replica = new Replica(log, host.me, host.blocks.has);
    const changed = () => this.#changed();
    const shared = { log, wire, environment, replica: this.#replica, kept: () => this.#kept, changed };
    this.#shared = shared;
    this.#own = new OwnMessages({ ...shared, outbox, composer, rewordElsewhere, failed });
    this.#typing = new Typing({ environment, say: (active) => void this.#whisper('typing', { active }), changed });
    this.#marks = new Marks({ ...shared, say: (offset) => this.#whisper('read', { log, offset }) });
    this.#following = new Following({
      ...shared,
      subscriptions,
      read: () => this.#marks.own.offset,
      deliver: (due) => this.#deliver(due),
      failed,
    });
  }

  state(): ConversationState {
    this.#state ??= this.#compose();
    return this.#state;
  }

  #compose(): ConversationState {
    const { low, hasOlder } = this.#following.pages;
    const { unread, mentions } = this.#replica.unreadAfter(this.#marks.own.offset);
    return {
      log: this.log,
      timeline: this.#replica.timeline(low),
      has_older: hasOlder,
      loading: this.#following.loading,
      typing: this.#typing.users,
      read: this.#marks.own.offset,
      peer_read: this.#replica.peerRead,
      unread: unread + this.#following.pages.unloadedAfter(this.#marks.own.offset),
      mentions,
      late_above: this.#replica.lateAbove(this.#marks.own.offset, low),
    };
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  open(): Promise<void> {
    return this.#following.open();
  }

  close(): void {
    this.#typing.stop();
    this.#following.close();
  }

  loadOlder(): Promise<void> {
    return this.#following.pages.older();
  }

  fill(gap: TimelineGap): Promise<void> {
    return this.#following.pages.fill(gap);
  }

  async send(text: string, options: SendOptions = {}): Promise<Receipt> {
    this.#typing.stop();
    const { onState, written = this.written(), ...said } = options;
    const envelope = this.#host.composer.text(this.log, { ...said, text, after: written.after });
    return this.#own.send({ ...envelope, id: written.id, timestamp: written.timestamp }, onState);
  }

  written(): Written {
    return this.#host.composer.written(this.#newest());
  }

  edit(id: string, text: string, { mentions = [] }: Pick<SendOptions, 'mentions'> = {}): Promise<Receipt> {
    return this.#own.edit(id, { text, mentions });
  }

  async remove(id: string): Promise<Receipt> {
    return this.#own.correct('delete', { target: this.#storedId(id) });
  }

  async react(id: string, emoji: string, op: 'add' | 'remove'): Promise<Receipt> {
    return this.#own.correct('reaction', { target: this.#storedId(id), emoji, op });
  }

  retry(id: string): void {
    this.#own.retry(id);
  }

  discard(id: string): void {
    this.#own.discard(id);
  }

  markRead(): void {
    if (this.#marks.own.move(this.#newest())) this.#changed();
  }

  typing(): void {
    this.#typing.type();
  }

  thread(root: string): Thread {
    let thread = this.#threads.get(root);
    if (!thread) {
      thread = new LogThread({ ...this.#shared, root });
      this.#threads.set(root, thread);
    }
    return thread;
  }

  /** The newest message and when it was stored (Unix ms), for a list's preview. */
  newest(): { readonly message: Message; readonly at: number } | null {
    return this.#replica.newest();
  }

  /** What this device keeps of the log is known now. */
  restored(): void {
    this.#kept = this.#host.keeper.kept.log(this.log);
    this.#marks.restore();
    this.#following.restored();
    for (const thread of this.#threads.values()) void thread.resume();
    this.#changed();
  }

  /** Loads what is unread from this device, to count it. */
  preload(): Promise<void> {
    return this.#following.preload();
  }

  /** A line of the conversation list: read marks, and where the log stands. */
  adopt(info: ConversationInfo): void {
    this.#marks.listed(info);
    this.#following.list(info.state);
    this.#changed();
  }

  /** The list does not have it any more. */
  unlist(): void {
    this.#following.unlist();
  }

  subscribed(state: LogState): void {
    this.#following.subscribed(state);
  }

  refused(error: KonferencoError): void {
    this.#following.refused(error);
  }

  /** A connection stands: do what waited for it. */
  resume(): void {
    if (parseLogName(this.log)?.kind === 'direct') this.#following.resume();
    this.#marks.own.flush();
    for (const thread of this.#threads.values()) void thread.resume();
  }

  live(items: readonly (Item | InboxItem)[]): void {
    this.#following.live(items);
  }

  /** Takes an entry of the inbox. True when the inbox is to tell it. */
  fromInbox(item: InboxItem): boolean {
    return this.#following.fromInbox(item);
  }

  skipped(from: number, to: number): void {
    this.#following.skipped(from, to);
  }

  transient(envelope: Envelope): void {
    const sender = envelope.from.user_id;
    const mine = sender === this.#host.me();
    const payload: unknown = envelope.payload;
    if (envelope.subtype === 'typing' && !mine && !this.#host.blocks.has(sender))
      this.#typing.heard(sender, (payload as TypingPayload).active);
    if (envelope.subtype !== 'read') return;
    const { log, offset } = payload as ReadPayload;
    if (log !== this.log) return;
    if (mine) this.#marks.own.learn(offset);
    else if (parseLogName(log)?.kind === 'direct') this.#marks.byPeer(offset);
    this.#changed();
  }

  /** What became of a message of one's own. */
  news(news: OutboxNews): void {
    this.#own.news(news);
  }

  lost(): void {
    this.#following.lost();
    this.#typing.lost();
    this.#changed();
  }

  /** Other people are blocked than before. */
  blocksChanged(): void {
    this.#changed();
  }

  /** The store is another one: offsets mean something else now. */
  reset(): void {
    this.#following.reset();
    this.#marks.own.reset();
    this.#changed();
  }

  /** The newest entry of the log known here; 0: none. */
  #newest(): number {
    return Math.max(this.#following.position ?? 0, this.#replica.newestOffset);
  }

  #deliver(due: readonly Delivery<Item | InboxItem>[]): void {
    for (const delivery of due) {
      if (delivery.kind === 'gap') this.#replica.gaps.add(delivery.gap);
      else {
        this.#replica.insert([delivery.item]);
        const sender = delivery.item.envelope?.from.user_id;
        if (sender !== undefined) this.#typing.heard(sender, false);
      }
    }
    this.#following.trim();
    this.#changed();
    for (const delivery of due) {
      if (delivery.kind === 'item' && this.#following.isArrival(delivery.position))
        this.#host.events.emit('message', { log: this.log, item: delivery.item });
    }
  }

  #storedId(id: string): string {
    if ((this.#replica.message(id)?.offset ?? null) === null) throw clientError('unknown_message');
    return id;
  }

  /** Best-effort: said once, to whoever is there. */
  #whisper(subtype: 'typing' | 'read', payload: Record<string, unknown>): boolean {
    return (
      this.#host.wire.online &&
      this.#host.wire.say({ type: 'publish', envelope: this.#host.composer.chat(this.log, subtype, payload) })
    );
  }

  #changed(): void {
    this.#state = null;
    this.#own.tell();
    this.#changes.emit();
    for (const thread of this.#threads.values()) thread.changed();
  }
}
