import type { InboxItem, LogName, ReplyOf, ServerFrame } from '@konferenco/protocol';
import type { Blocks } from './blocks.ts';
import type { LogConversation } from './conversation.ts';
import { REFRESH_SPREAD_MS, type RestConversationList } from './conversation-list.ts';
import { KonferencoError } from './errors.ts';
import type { Emitter } from './events.ts';
import type { Inbox } from './inbox.ts';
import type { Keeper } from './kept/keeper.ts';
import type { Outbox } from './outbox.ts';
import type { Presence } from './presence.ts';
import type { Requests } from './request.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Replicas } from './sync/replicas.ts';
import type { ClientEvents } from './types.ts';

export interface SessionParts {
  readonly wire: Requests;
  readonly events: Emitter<ClientEvents>;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly presence: Presence;
  readonly subscriptions: Subscriptions;
  readonly list: RestConversationList;
  readonly keeper: Pick<Keeper, 'kept'>;
  readonly blocks: Blocks;
  /** Conversations met so far. */
  readonly conversations: ReadonlyMap<LogName, LogConversation>;
  readonly replicas: Replicas;
  readonly me: () => string;
  readonly migrate: (within_ms: number) => void;
  readonly heartbeat: (server_time: number) => void;
  /** Whether the conversation list can be fetched. */
  readonly hasList: () => boolean;
}

/** What outlives single connections: takes frames to whom they concern, and brings everybody up again after a reconnect. */
export class Session {
  readonly #parts: SessionParts;
  #hasResumed = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** A connection stands. */
  resume(hello: ReplyOf<'hello'>): void {
    const { inbox, outbox, presence, subscriptions, list, conversations } = this.#parts;
    const { kept } = this.#parts.keeper;
    if (kept.epoch !== null && kept.epoch !== hello.epoch) {
      kept.renew(hello.epoch, (own) => outbox.offerAgain(own));
      inbox.reset();
      for (const conversation of conversations.values()) conversation.reset();
      void outbox.offerAgain();
    }
    const isFirst = !this.#hasResumed;
    this.#hasResumed = true;
    kept.epoch = hello.epoch;
    this.#parts.replicas.resume(hello);
    inbox.resume(hello.user_id, hello.inbox);
    subscriptions.resume();
    outbox.flush();
    presence.resume();
    for (const conversation of conversations.values()) conversation.resume();
    if (!this.#parts.hasList()) return;
    list.plan(isFirst ? 0 : REFRESH_SPREAD_MS);
    if (isFirst) void this.#parts.blocks.refresh();
  }

  lost(): void {
    const { wire, inbox, outbox, presence, subscriptions, list, conversations } = this.#parts;
    wire.dropAll();
    this.#parts.replicas.lost();
    inbox.lost();
    outbox.lost();
    presence.lost();
    subscriptions.lost();
    list.lost();
    for (const conversation of conversations.values()) conversation.lost();
  }

  frame(frame: ServerFrame): void {
    const { wire, events, inbox, presence, subscriptions, conversations } = this.#parts;
    switch (frame.type) {
      case 'message':
        conversations.get(frame.log)?.live(frame.items);
        this.#parts.replicas.message(frame.log, frame.items);
        break;
      case 'inbox':
        inbox.live(frame.items);
        break;
      case 'transient':
        conversations.get(frame.log)?.transient(frame.envelope);
        break;
      case 'reply':
        wire.settle(frame);
        break;
      case 'error':
        if (!wire.settle(frame)) events.emit('error', new KonferencoError(frame));
        break;
      case 'skipped':
        conversations.get(frame.log)?.skipped(frame.from, frame.to);
        this.#parts.replicas.reaches(frame.log, frame.to);
        break;
      case 'resync':
        if (frame.log.startsWith('in:')) void inbox.resync(this.#parts.me());
        else subscriptions.again(frame.log);
        break;
      case 'heartbeat':
        wire.answer(frame.nonce);
        this.#parts.heartbeat(frame.server_time);
        break;
      case 'migrate':
        this.#parts.migrate(frame.within_ms);
        break;
      case 'presence':
        presence.take(frame);
        break;
      case 'changed':
        this.#changed({ what: frame.what, id: frame.id });
        break;
    }
  }

  /** Entries of the inbox go to their conversation where it is followed, and are told here where it is not. */
  deliverInbox(items: readonly InboxItem[]): void {
    const { events, conversations, list, keeper, replicas } = this.#parts;
    replicas.inbox(items);
    for (const item of items) {
      // One's own state is told by what it is part of.
      if (item.reason === 'state') continue;
      keeper.kept.keepItem(item);
      if (conversations.get(item.log)?.fromInbox(item) ?? true) events.emit('message', { log: item.log, item });
      if (item.reason === 'direct' && !list.has(item.log) && this.#parts.hasList()) list.plan(0);
    }
  }

  #changed(change: ClientEvents['changed']): void {
    if (change.what !== 'profile' && this.#parts.hasList()) this.#parts.list.plan(REFRESH_SPREAD_MS);
    if (change.what === 'blocks') void this.#parts.blocks.refresh();
    this.#parts.events.emit('changed', change);
  }
}
