import type { Envelope, LogName, ReplyOf } from '@konferenco/protocol';
import { asError, clientError, KonferencoError } from './errors.ts';
import { OutboxKeeping, type OutboxKeepingOptions } from './outbox-keeping.ts';
import { entryOf, reminted, sendError, type Submission } from './outbox-entry.ts';
import {
  changed,
  disconnected,
  enqueued,
  expired,
  isFull,
  judge,
  narrowed,
  nextDue,
  onItsWayBefore,
  type OutboxState,
  reworded,
  saved,
  sendable,
  type Waiting,
  widened,
  type Windows,
  without,
} from './outbox-state.ts';
import type { OutboxNews } from './outbox-news.ts';
import type { Wire } from './request.ts';
import type { Environment, OutboxEntry, Receipt } from './types.ts';

/** Acknowledged messages are offered again for this long when the store changed its identity. */
const OFFER_AGAIN_MS = 86_400_000;
const OFFER_AGAIN_MAX = 1_000;

export interface OutboxOptions extends OutboxKeepingOptions {
  readonly wire: Wire;
  readonly environment: Pick<Environment, 'after' | 'random'>;
  /** The server's time, as far as known. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly news: (news: OutboxNews) => void;
  readonly sizeChanged: (size: number) => void;
  readonly refreshToken: () => Promise<void>;
  /** An entry that another program of the same store is to send was discarded here. */
  readonly discardElsewhere?: (id: string) => void;
}

/** Sends own messages until each is answered: in order per conversation, over any number of connections, once in effect. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #keeping: OutboxKeeping;
  #state: OutboxState = [];
  #windows: Windows = new Map();
  readonly #promised = new Map<string, PromiseWithResolvers<Receipt>>();
  /** Stored in the last day, oldest first. */
  #acknowledged: OutboxEntry[] = [];
  #cancelDue: () => void = () => {};
  #idle: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#keeping = new OutboxKeeping(options);
  }

  get size(): number {
    return this.#state.length;
  }

  /** Everything that waits, oldest first. */
  get entries(): readonly OutboxEntry[] {
    return this.#state.map(({ entry }) => entry);
  }

  /** What waits for one conversation, oldest first. */
  of(log: LogName): readonly Waiting[] {
    return this.#state.filter((waiting) => waiting.entry.log === log);
  }

  /** Takes up what an earlier run of the program left behind. */
  async load(): Promise<void> {
    for (const entry of await this.#options.store.load()) {
      if (this.#state.some((waiting) => waiting.entry.id === entry.id)) continue;
      this.#state = enqueued(this.#state, entry, true);
      this.#options.news({ kind: 'queued', entry });
    }
    this.#options.sizeChanged(this.size);
    this.flush();
  }

  /** @returns resolves when the server has stored it; rejects when it is refused for good or the outbox is full. */
  add(submission: Submission): Promise<Receipt> {
    if (isFull(this.#state)) return Promise.reject(clientError('outbox_full'));
    const entry = entryOf(submission, this.#options.now());
    const promised = Promise.withResolvers<Receipt>();
    this.#promised.set(entry.id, promised);
    this.#accept(entry);
    return promised.promise;
  }

  /** Puts back a message that failed. */
  again(entry: OutboxEntry): void {
    if (isFull(this.#state)) throw clientError('outbox_full');
    this.#accept({ ...entry, created_at: this.#options.now() });
  }

  /**
   * Drops a message that still waits. One on its way cannot be called back, as the server may have it already: false.
   * One that another program is to send is dropped by that one.
   */
  discard(id: string): boolean {
    const waiting = this.#find(id);
    if (!waiting) this.#options.discardElsewhere?.(id);
    else if (waiting.state === 'sent') return false;
    else this.#drop(waiting);
    return true;
  }

  /**
   * Changes what a waiting entry says, under its id and in its place. False when this program has written it to a
   * connection, or does not have it.
   */
  reword(id: string, change: (envelope: Envelope) => Envelope): boolean {
    const waiting = this.#find(id);
    if (!waiting || waiting.handed) return false;
    const envelope = JSON.stringify(change(JSON.parse(waiting.entry.envelope) as Envelope));
    const entry = { ...waiting.entry, envelope };
    this.#state = reworded(this.#state, entry);
    this.#save(entry);
    return true;
  }

  /** The connection stands: send what waits. */
  flush(): void {
    const now = this.#options.now();
    if (!this.#options.wire.online) return;
    // Only now is the server's time known: by a device's clock alone, one that is ahead would lose what it wrote.
    for (const waiting of expired(this.#state, now)) this.#fail(waiting, clientError('expired'));
    for (const waiting of sendable(this.#state, now, this.#windows)) void this.#send(waiting);
    this.#cancelDue();
    const due = nextDue(this.#state, now);
    if (due !== null) this.#cancelDue = this.#options.environment.after(due - now, () => this.flush());
  }

  lost(): void {
    this.#cancelDue();
    for (const waiting of this.#state) if (waiting.state === 'sent') this.#tellQueued(waiting);
    this.#state = disconnected(this.#state);
  }

  /**
   * The server's store is another one than before: what it acknowledged lately may be missing there. `kept` are own
   * entries that earlier programs on this device had stored; resolves once the outbox's store has them.
   */
  async offerAgain(kept: readonly OutboxEntry[] = []): Promise<void> {
    const since = this.#options.now() - OFFER_AGAIN_MS;
    const all = [...this.#acknowledged, ...kept].filter((entry) => entry.created_at >= since);
    this.#acknowledged = [];
    const known = new Set(this.#state.map(({ entry }) => entry.id));
    const offers = all.filter(({ id }) => !known.has(id));
    // Own answers come first in the order: they were said before what waits.
    const offered = offers.reduce<OutboxState>((state, entry) => enqueued(state, entry, true), []);
    this.#state = [...offered, ...this.#state];
    this.#options.sizeChanged(this.size);
    await Promise.all(kept.map((entry) => this.#keeping.keep(entry)));
    this.flush();
  }

  /** Resolves when nothing waits any more, at once or later. */
  drained(): Promise<void> {
    return this.#state.length === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Rejects what still waits in memory; the store keeps it for the next start. */
  close(): void {
    this.#cancelDue();
    for (const promised of this.#promised.values()) promised.reject(clientError('closed'));
    this.#promised.clear();
  }

  /** Forgets everything, here and in the store. */
  clear(): void {
    for (const waiting of this.#state) this.#drop(waiting);
    this.#acknowledged = [];
  }

  #accept(entry: OutboxEntry): void {
    this.#state = enqueued(this.#state, entry, false);
    this.#save(entry);
    this.#options.sizeChanged(this.size);
  }

  #save(entry: OutboxEntry): void {
    this.#options.news({ kind: 'saving', entry });
    void this.#keeping.keep(entry).then((kept) => {
      this.#state = saved(this.#state, entry, kept);
      const waiting = this.#find(entry.id);
      // Dropped meanwhile: a store may put late what it was told to delete early.
      if (!waiting) return this.#keeping.forget(entry.id);
      if (waiting.entry !== entry) return;
      this.#tellQueued(waiting);
      this.flush();
    });
  }

  #find(id: string): Waiting | undefined {
    return this.#state.find((one) => one.entry.id === id);
  }

  #tellQueued({ entry, error, kept }: Waiting): void {
    const why = error ?? (kept ? null : sendError(clientError('storage')));
    this.#options.news({ kind: 'queued', entry, ...(why ? { error: why } : {}) });
  }

  async #send({ entry }: Waiting): Promise<void> {
    const before = onItsWayBefore(this.#state, entry);
    this.#state = changed(this.#state, entry.id, ({ error: _, ...waiting }) => ({
      ...waiting,
      state: 'sent',
      handed: true,
    }));
    this.#options.news({ kind: 'sent', entry });
    try {
      const reply = await this.#options.wire.publish(entry.envelope, before);
      const waiting = this.#find(entry.id);
      if (waiting) this.#stored(waiting, reply);
    } catch (thrown) {
      const error = asError(thrown);
      const waiting = this.#find(entry.id);
      if (waiting && error.error !== 'disconnected') await this.#refused(waiting, error);
    }
    this.flush();
  }

  #stored(waiting: Waiting, reply: ReplyOf<'publish'>): void {
    const { entry } = waiting;
    this.#windows = widened(this.#windows, entry.log);
    this.#acknowledged = [...this.#acknowledged.slice(1 - OFFER_AGAIN_MAX), entry];
    this.#settle(waiting, { kind: 'stored', entry, reply }, { id: entry.id, log: reply.log, offset: reply.offset });
  }

  async #refused(waiting: Waiting, error: KonferencoError): Promise<void> {
    const { id } = waiting.entry;
    const refusal = judge(waiting, error, this.#options.now(), this.#options.environment.random());
    switch (refusal.kind) {
      case 'failed':
        return this.#fail(waiting, error);
      case 'again': {
        const sleep_ms = refusal.retry_at - this.#options.now();
        const why = { ...sendError(error), retry_at: refusal.retry_at };
        this.#windows = narrowed(this.#windows, waiting.entry.log);
        this.#state = changed(this.#state, id, (one) => ({ ...one, state: 'queued', error: why, sleep_ms }));
        return this.#options.news({ kind: 'queued', entry: waiting.entry, error: why });
      }
      case 'refresh':
        return this.#refreshFor(waiting);
      case 'remint':
        return this.#remint(waiting);
    }
  }

  async #refreshFor(waiting: Waiting): Promise<void> {
    try {
      await this.#options.refreshToken();
      this.#state = changed(this.#state, waiting.entry.id, (one) => ({ ...one, state: 'queued', refreshed: true }));
    } catch (thrown) {
      const error = asError(thrown);
      if (error.recourse === 'later') await this.#refused(waiting, error);
      else this.#fail(waiting, error);
    }
  }

  #remint(waiting: Waiting): void {
    const was = waiting.entry.id;
    const entry = reminted(waiting.entry, this.#options.newId(), this.#options.now());
    this.#state = changed(this.#state, was, (one) => ({ ...one, entry, state: 'queued', reminted: true }));
    const promised = this.#promised.get(was);
    this.#promised.delete(was);
    if (promised) this.#promised.set(entry.id, promised);
    this.#options.news({ kind: 'renamed', entry, was });
    void this.#keeping.keep(entry).then(() => this.#keeping.forget(was));
  }

  #drop(waiting: Waiting): void {
    this.#settle(waiting, { kind: 'dropped', entry: waiting.entry }, clientError('discarded'));
  }

  #fail(waiting: Waiting, error: KonferencoError): void {
    this.#settle(waiting, { kind: 'failed', entry: waiting.entry, error: sendError(error) }, error);
  }

  #settle(waiting: Waiting, news: OutboxNews, outcome: Receipt | KonferencoError): void {
    const { id } = waiting.entry;
    this.#state = without(this.#state, id);
    this.#options.news(news);
    void (news.kind === 'stored' ? this.#keeping.forgetOnceKept(id) : this.#keeping.forget(id));
    this.#options.sizeChanged(this.size);
    const promised = this.#promised.get(id);
    this.#promised.delete(id);
    if (outcome instanceof KonferencoError) promised?.reject(outcome);
    else promised?.resolve(outcome);
    if (this.#state.length === 0) for (const idle of this.#idle.splice(0)) idle();
  }
}
