import { type InboxItem, inboxLog, LIMITS, type LogName, type ReplyOf } from '@konferenco/protocol';
import { asError, type KonferencoError } from './errors.ts';
import type { Emitter } from './events.ts';
import type { Keeper } from './kept/keeper.ts';
import { LogFeed } from './log-feed.ts';
import type { Wire } from './request.ts';
import type { ClientEvents, Environment } from './types.ts';

/** Entries a device new to the account is told of at the most; older ones load with their conversations. */
export const NEW_DEVICE_BACKLOG = 100;

export interface InboxParts {
  readonly wire: Wire;
  readonly environment: Pick<Environment, 'after' | 'random'>;
  /** Takes what comes, in order. */
  readonly session: { deliverInbox(items: readonly InboxItem[]): void };
  /** Where this device keeps the inbox. */
  readonly keeper: Pick<Keeper, 'kept'>;
  readonly events: Emitter<ClientEvents>;
  readonly failed: (error: KonferencoError) => void;
}

/** Follows the user's own log of pointers and acknowledges it: every 32 entries, after a second, and at the end. */
export class Inbox {
  readonly #parts: InboxParts;
  #feed: LogFeed<InboxItem> | null = null;
  #position: number | null = null;
  /** Up to here this device has it in its store. */
  #written = 0;
  #acked = 0;
  #missed: InboxItem[] | null = null;
  #cancelAck: (() => void) | null = null;
  #connection = 0;
  /** Newest position heard of before the first answer to hello, which may be older. */
  #heard = 0;

  constructor(parts: InboxParts) {
    this.#parts = parts;
  }

  /** The connection stands: catch up from this client's position or, at its start, from the one the server kept for the device. */
  resume(me: string, state: ReplyOf<'hello'>['inbox']): void {
    const connection = ++this.#connection;
    const fresh = Math.max(state.first - 1, state.head - NEW_DEVICE_BACKLOG, 0);
    this.#acked = state.cursor ?? 0;
    this.#feed ??= this.#createFeed(me);
    const feed = this.#feed;
    // What this device keeps decides: another store of the device may have acknowledged what this one has not.
    const kept = this.#parts.keeper.kept.log(inboxLog(me)).position;
    if (feed.position === null) {
      feed.start(kept || (state.cursor ?? fresh));
      this.#written = feed.position ?? 0;
    }
    this.#position = feed.position;
    this.#missed = [];
    void feed.learn(Math.max(state.head, this.#heard)).then(() => {
      if (connection !== this.#connection || !this.#parts.wire.online) return;
      const missed = this.#missed ?? [];
      this.#missed = null;
      this.#planAck();
      this.#parts.events.emit('sync', { items: missed });
    });
  }

  live(items: readonly InboxItem[]): void {
    if (this.#position === null) this.#heard = Math.max(this.#heard, ...items.map(({ inbox }) => inbox));
    else this.#feed?.live(items);
  }

  /** The server's positions no longer mean what they did, or the inbox is another person's. */
  reset(): void {
    this.#feed?.stop();
    this.#feed = null;
    this.#position = null;
    this.#written = 0;
    this.#acked = 0;
  }

  /** Frames were dropped: ask where the log stands and fetch what is missing. */
  async resync(me: string): Promise<void> {
    try {
      const { head } = await this.#parts.wire.ask('history', { log: inboxLog(me), limit: 1 });
      await this.#feed?.learn(head);
    } catch (thrown) {
      const error = asError(thrown);
      // After a lost connection the next hello says where the inbox stands.
      if (error.error !== 'disconnected') this.#parts.failed(error);
    }
  }

  /** Says what was taken and kept, now. */
  acknowledge(): void {
    this.#cancelAck?.();
    this.#cancelAck = null;
    if (this.#written <= this.#acked) return;
    if (this.#parts.wire.say({ type: 'ack', inbox: this.#written })) this.#acked = this.#written;
  }

  lost(): void {
    this.#feed?.lost();
    this.#connection++;
    this.#heard = 0;
    this.#missed = null;
    this.#cancelAck?.();
    this.#cancelAck = null;
  }

  #createFeed(me: string): LogFeed<InboxItem> {
    const { wire, environment, session, failed } = this.#parts;
    const feed: LogFeed<InboxItem> = new LogFeed<InboxItem>({
      log: inboxLog(me),
      wire,
      environment,
      positionOf: (item) => item.inbox,
      deliver: (due) => {
        const items = due.flatMap((delivery) => (delivery.kind === 'item' ? [delivery.item] : []));
        this.#missed?.push(...items);
        const position = feed.position ?? 0;
        this.#position = position;
        session.deliverInbox(items);
        void this.#keep(feed, inboxLog(me), items, position);
      },
      refused: failed,
    });
    return feed;
  }

  /** What came is acknowledged once it is in the store; what a conversation keeps is kept there. */
  async #keep(feed: LogFeed<InboxItem>, log: LogName, items: readonly InboxItem[], position: number): Promise<void> {
    const { kept } = this.#parts.keeper;
    kept.log(log).keepInbox(items, position);
    if (!(await kept.written()) || feed !== this.#feed) return;
    this.#written = Math.max(this.#written, position);
    this.#planAck();
  }

  #planAck(): void {
    const unacked = this.#written - this.#acked;
    if (unacked >= LIMITS.ack_every) this.acknowledge();
    else if (unacked > 0) this.#cancelAck ??= this.#parts.environment.after(LIMITS.ack_ms, () => this.acknowledge());
  }
}
