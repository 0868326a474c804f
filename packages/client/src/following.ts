import { type InboxItem, type Item, type LogName, type LogState, parseLogName } from '@konferenco/protocol';
import { asError, type KonferencoError } from './errors.ts';
import type { LogKeeping } from './kept/keeping.ts';
import type { Delivery } from './log-cursor.ts';
import { LogFeed } from './log-feed.ts';
import { Pages } from './pages.ts';
import type { Replica } from './replica.ts';
import type { Wire } from './request.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Environment } from './types.ts';

/** Unread entries loaded at the start to be counted exactly; of what lies before, only the number of entries is known. */
export const UNREAD_WINDOW = 50;
/** Messages kept of a conversation that nobody looks at; and how many more may gather before they are let go. */
export const UNSEEN_KEPT = 200;
const UNSEEN_SLACK = 100;
/** After a close or a restart, a conversation further behind than this starts from its newest page again; one that is open, only beyond the second. */
export const RESTART_BEHIND = 200;
export const RESTART_OPEN_BEHIND = 10_000;

export interface FollowingOptions {
  readonly log: LogName;
  readonly wire: Wire;
  readonly environment: Environment;
  readonly subscriptions: Subscriptions;
  readonly replica: Replica;
  readonly kept: () => LogKeeping;
  /** One's own read mark. */
  readonly read: () => number;
  readonly deliver: (due: readonly Delivery<Item | InboxItem>[]) => void;
  readonly changed: () => void;
  /** A refusal that no call is waiting for. */
  readonly failed: (error: KonferencoError) => void;
}

/**
 * How one conversation keeps up with its log. Channels come by subscription; direct conversations come by the inbox
 * and need only be located once. Opening loads the newest page, on this connection or a later one.
 */
export class Following {
  readonly #options: FollowingOptions;
  readonly #direct: boolean;
  readonly #feed: LogFeed<Item | InboxItem>;
  readonly pages: Pages;
  #opening: PromiseWithResolvers<void> | null = null;
  #opened = false;
  #listed = false;
  #closedBefore = false;
  /** Where the log stands was heard from the server in this program. */
  #located = false;
  /** It began from what this device kept. */
  #restored = false;
  /** What lies up to here was no arrival: it was there when following began, or the inbox told it. */
  #since = 0;
  /** Newest offset heard of before following began: the answer that begins it may be older. */
  #heard = 0;

  constructor(options: FollowingOptions) {
    const { log, wire, environment, replica, kept, deliver, changed } = options;
    this.#options = options;
    this.#direct = parseLogName(log)?.kind === 'direct';
    this.#feed = new LogFeed({
      log,
      wire,
      environment,
      positionOf: (item) => item.offset,
      deliver: (due) => {
        kept().putDelivered(due);
        deliver(due);
      },
      refused: (error) => this.refused(error),
    });
    this.pages = new Pages({ log, wire, replica, kept, changed });
    this.#resumeKept();
  }

  /** What this device keeps is known now. */
  restored(): void {
    this.#resumeKept();
    if (!this.#opened) return;
    this.#options.kept().note({ followed: true, opened_at: this.#options.environment.now() });
    if (this.#opening) void this.#loadFirstPage();
  }

  /** Loads the newest of what this device keeps, so that what is unread can be counted exactly. */
  async preload(): Promise<void> {
    if (this.#restored && !this.pages.loadedAny && this.#options.read() < (this.position ?? 0))
      await this.pages.older();
  }

  get position(): number | null {
    return this.#feed.position;
  }

  get loading(): boolean {
    return this.#opening !== null || this.pages.loading;
  }

  open(): Promise<void> {
    if (this.#opened) return this.#opening?.promise ?? Promise.resolve();
    this.#opened = true;
    this.#opening = Promise.withResolvers<void>();
    const { promise } = this.#opening;
    if (!this.#direct) this.#options.subscriptions.want(this.#options.log, 'opened');
    this.#options.kept().note({ followed: true, opened_at: this.#options.environment.now() });
    if (this.#feed.position !== null) void this.#loadFirstPage();
    else if (this.#direct) this.resume();
    this.#options.changed();
    return promise;
  }

  close(): void {
    if (!this.#opened) return;
    this.#opened = false;
    this.#closedBefore = !this.#listed;
    this.#options.kept().note({ followed: this.#listed });
    this.#options.subscriptions.release(this.#options.log, 'opened');
    this.trim();
    this.#settle();
  }

  /** The conversation list has it: follow it for its unread count. */
  list(state: LogState): void {
    this.#listed = true;
    this.#options.kept().note({ followed: true });
    if (this.#direct) {
      this.#stand(state);
      this.resume();
    } else this.#options.subscriptions.want(this.#options.log, 'listed');
  }

  unlist(): void {
    this.#listed = false;
    this.#options.kept().note({ followed: this.#opened });
    this.#options.subscriptions.release(this.#options.log, 'listed');
  }

  /** The subscription stands. */
  subscribed(state: LogState): void {
    const position = this.#feed.position;
    if (this.#closedBefore && position !== null) {
      if (state.head - position > RESTART_BEHIND) this.reset();
      // What was said while nobody looked is history, not an arrival.
      this.#since = Math.max(this.#since, state.head);
    }
    this.#closedBefore = false;
    this.#stand(state);
    this.resume();
  }

  /** There is a connection: load what opening asked for. */
  resume(): void {
    this.#feed.resume();
    if (!this.#opened || !this.#options.wire.online) return;
    if (this.#opening || this.#restored) void this.#loadFirstPage();
  }

  lost(): void {
    this.#feed.lost();
    if (this.#opening && this.#feed.position !== null) void this.#loadFirstPage();
  }

  refused(error: KonferencoError): void {
    if (this.#opening) this.#opening.reject(error);
    else this.#options.failed(error);
    this.#opening = null;
    this.#opened = false;
    this.#options.changed();
  }

  /** Forgets where it was; what was opened loads again. */
  reset(): void {
    this.#feed.stop();
    this.#since = 0;
    this.#heard = 0;
    this.#located = false;
    this.#restored = false;
    this.#options.replica.clear();
    this.pages.reset();
    if (!this.#opened || this.#opening) return;
    this.#opening = Promise.withResolvers<void>();
    this.#opening.promise.catch((error: unknown) => this.#options.failed(asError(error)));
  }

  /** Live entries of the log. */
  live(items: readonly (Item | InboxItem)[]): void {
    if (this.#feed.position === null) this.#heard = Math.max(this.#heard, ...items.map(({ offset }) => offset));
    else this.#feed.live(items);
  }

  /** Lets go of what nobody looks at, so that a busy channel does not fill the memory. */
  trim(): void {
    if (this.#opened || this.#options.replica.size <= UNSEEN_KEPT + UNSEEN_SLACK) return;
    const low = this.#options.replica.trim(UNSEEN_KEPT);
    if (low !== null) this.pages.trimmed(low);
  }

  skipped(from: number, to: number): void {
    if (this.#feed.position === null) this.#heard = Math.max(this.#heard, to);
    else this.#feed.skipped(from, to);
  }

  /** Takes an entry of the inbox. True when the inbox is to tell it: following the log does not, or will not. */
  fromInbox(item: InboxItem): boolean {
    const { offset } = item;
    const position = this.#feed.position;
    if (this.#direct) {
      this.live([item]);
      return true;
    }
    if (position !== null && offset <= position) return this.#takeSkipped(item) || !this.isArrival(offset);
    if (position !== null && !this.#closedBefore && this.#options.subscriptions.isWanted(this.#options.log)) {
      this.live([item]);
      return false;
    }
    this.#since = Math.max(this.#since, offset);
    return true;
  }

  /** Takes an entry that following the log left out. */
  #takeSkipped(item: InboxItem): boolean {
    const { replica, changed } = this.#options;
    if (!replica.gaps.holds(item.offset)) return false;
    replica.insert([item]);
    changed();
    return true;
  }

  /** Whether an entry is told as it comes: after following began. All of a direct conversation is told by the inbox. */
  isArrival(offset: number): boolean {
    return !this.#direct && offset > this.#since;
  }

  /** Goes on from where an earlier program on this device was. */
  #resumeKept(): void {
    const { position, row } = this.#options.kept();
    if (position === 0 || this.#feed.position !== null) return;
    this.#restored = true;
    this.#since = position;
    this.#closedBefore = !row.followed;
    this.#feed.start(position);
    this.pages.begin(position, row.first);
  }

  /** Begins to follow, or learns how far the log has grown. */
  #stand(state: LogState): void {
    const { kept } = this.#options;
    const behind = state.head - (this.#feed.position ?? state.head);
    if (this.#restored && behind > (this.#opened ? RESTART_OPEN_BEHIND : RESTART_BEHIND)) this.reset();
    this.#located = true;
    kept().note({ first: state.first });
    if (this.#feed.position === null) {
      const unread = Math.max(this.#options.read(), state.head - UNREAD_WINDOW, state.first - 1);
      const position = this.#listed ? Math.min(unread, state.head) : state.head;
      this.#since = Math.max(this.#since, state.head);
      this.#feed.start(position);
      this.pages.begin(position, state.first);
    }
    void this.#feed.learn(Math.max(state.head, this.#heard));
  }

  async #loadFirstPage(): Promise<void> {
    const { wire, log } = this.#options;
    try {
      if (this.#feed.position !== null) await this.#firstPage();
      if (wire.online && !this.#located && (this.#direct || this.#feed.position === null)) {
        this.#stand(await wire.ask('history', { log, limit: 1 }));
        await this.#firstPage();
      }
      if (this.#restored && wire.online) await this.pages.fillHoles();
    } catch (thrown) {
      const error = asError(thrown);
      // The next connection brings another chance, also to load code; anything else is told to who opened it.
      if (error.error !== 'disconnected' && error.error !== 'network') this.refused(error);
    }
  }

  async #firstPage(): Promise<void> {
    if (!this.pages.loadedAny) await this.pages.older();
    // With a connection, one that nobody followed is open when it is followed: what comes from then on is told.
    if (
      this.#opening &&
      (this.#direct ||
        !this.#closedBefore ||
        this.#options.subscriptions.isLive(this.#options.log) ||
        !this.#options.wire.online)
    ) {
      this.#closedBefore = false;
      this.#settle();
    }
    if (this.#restored) await this.pages.fillScreen();
  }

  #settle(): void {
    this.#opening?.resolve();
    this.#opening = null;
    this.#options.changed();
  }
}
