import type { InboxItem, Item, LogName, ReplyOf } from '@konferenco/protocol';
import { asError, clientError, type KonferencoError } from '../errors.ts';
import type { OutboxNews } from '../outbox-news.ts';
import { Late } from './late.ts';
import type { Replicated } from './replicated.ts';
import type { Conflicts, Meetings, Own, Programme, ReplicatedState, SyncView } from './types.ts';

export interface ReplicasOptions {
  readonly me: () => string;
  /** Loads what merges and shows it, and reads what this device keeps. */
  readonly load: () => Promise<Replicated>;
  readonly failed: (error: KonferencoError) => void;
  /** What one has blocked or joined may be another than before. */
  readonly changed: (own: ReturnType<Own['state']>, standing: OwnStanding) => void;
}

export interface OwnStanding {
  /** False: there may be more that this device does not know of. */
  readonly isComplete: boolean;
  /** Channels whose joining or leaving waits to be sent. */
  readonly waiting: ReadonlySet<string>;
}

/**
 * Replicated state as the rest of the client sees it. What merges and shows it is loaded when somebody is signed in;
 * until then states are empty and calls wait.
 */
export class Replicas implements ReplicatedState {
  readonly sync: SyncView;
  readonly meetings: Meetings;
  readonly own: Own;
  readonly conflicts: Conflicts;
  readonly #options: ReplicasOptions;
  readonly #sync: Late<SyncView>;
  readonly #meetings: Late<Meetings>;
  readonly #own: Late<Own>;
  readonly #conflicts: Late<Conflicts>;
  readonly #programmes = new Map<string, { readonly late: Late<Programme>; readonly face: Programme }>();
  #opened = Promise.withResolvers<void>();
  #opening: Promise<void> | null = null;
  #replicated: Replicated | null = null;
  /** What the outbox said before anybody listened. */
  #news: OutboxNews[] = [];
  #hello: Pick<ReplyOf<'hello'>, 'epoch'> | null = null;
  /** Changes with the person. */
  #term = 0;

  constructor(options: ReplicasOptions) {
    this.#options = options;
    this.#sync = new Late<SyncView>({ scopes: [], waiting: 0, operations: [], synced_at: null }, () => this.#wait());
    this.#meetings = new Late<Meetings>({ items: [], ready: false }, () => this.#wait());
    this.#own = new Late<Own>({ blocked: [], channels: [], settings: {} }, () => this.#wait());
    this.#conflicts = new Late<Conflicts>([], () => this.#wait());
    this.sync = this.#sync.face(['syncNow', 'refetch', 'discard']);
    this.meetings = this.#meetings.face([
      ...(['request', 'accept', 'decline', 'propose', 'cancel', 'notes'] as const),
      ...(['addAgendaItem', 'setAgendaItem', 'removeAgendaItem'] as const),
    ]);
    this.own = this.#own.face(['setBlocked', 'joinChannel', 'leaveChannel', 'setProfile', 'setSetting']);
    this.conflicts = this.#conflicts.face(['dismiss', 'restoreMine']);
    this.own.subscribe(() => this.#told());
  }

  programme(event: string): Programme {
    const known = this.#programmes.get(event);
    if (known) return known.face;
    const late = new Late<Programme>({ sessions: [], notices: [], ready: false }, () => this.#wait());
    const face: Programme = {
      ...late.face(['setFavourite', 'setAttending', 'change', 'setSpeakers', 'cancel']),
      event,
      dismissNotices: () => late.part?.dismissNotices(),
    };
    this.#programmes.set(event, { late, face });
    if (this.#replicated) late.put(this.#replicated.programme(event));
    return face;
  }

  /** Somebody is signed in: resolves when what this device keeps of theirs is shown, or cannot be. */
  open(): Promise<void> {
    this.#opening ??= this.#open(this.#term);
    return this.#opening;
  }

  resume(hello: Pick<ReplyOf<'hello'>, 'epoch'>): void {
    this.#hello = hello;
    if (this.#replicated) this.#replicated.resume(hello);
    else void this.open();
  }

  lost(): void {
    this.#hello = null;
    this.#replicated?.lost();
  }

  inbox(items: readonly InboxItem[]): void {
    this.#replicated?.inbox(items);
  }

  message(log: LogName, items: readonly Item[]): void {
    this.#replicated?.message(log, items);
  }

  reaches(log: LogName, head: number): void {
    this.#replicated?.reaches(log, head);
  }

  news(news: OutboxNews): void {
    if (this.#replicated) this.#replicated.news(news);
    else this.#news.push(news);
  }

  /** What became of an operation that another program on this device sends. */
  newsElsewhere(news: OutboxNews): void {
    this.#replicated?.newsElsewhere(news);
  }

  /** Another program on this device told or put away a conflict. */
  conflictsNoted(): void {
    this.#replicated?.conflictsNoted();
  }

  /** Another number of entries waits in the outbox. */
  counted(): void {
    this.#replicated?.counted();
  }

  /** Nobody is signed in any more, or somebody else. */
  clear(): void {
    this.#term++;
    this.lost();
    this.#replicated = null;
    this.#opening = null;
    this.#news = [];
    // Calls that still wait are over; where none does, nobody has to hear of it.
    this.#opened.promise.catch(() => undefined);
    this.#opened.reject(clientError('not_signed_in'));
    this.#opened = Promise.withResolvers();
    for (const late of [this.#sync, this.#meetings, this.#own, this.#conflicts]) late.put(null);
    for (const { late } of this.#programmes.values()) late.put(null);
  }

  async #open(term: number): Promise<void> {
    const { load, failed } = this.#options;
    try {
      const replicated = await load();
      if (term === this.#term) this.#put(replicated);
    } catch (thrown) {
      // Tried again with the next connection.
      if (term === this.#term) this.#opening = null;
      failed(asError(thrown));
    }
  }

  #put(replicated: Replicated): void {
    this.#replicated = replicated;
    for (const news of this.#news.splice(0)) replicated.news(news);
    this.#sync.put(replicated.sync);
    this.#meetings.put(replicated.meetings);
    this.#own.put(replicated.own);
    this.#conflicts.put(replicated.conflicts);
    for (const [event, { late }] of this.#programmes) late.put(replicated.programme(event));
    if (this.#hello) replicated.resume(this.#hello);
    this.#opened.resolve();
  }

  async #wait(): Promise<void> {
    if (this.#options.me() === '') throw clientError('not_signed_in');
    await this.#opened.promise;
  }

  #told(): void {
    const { isReady: isComplete = false, waitingChannels: waiting = new Set<string>() } = this.#replicated ?? {};
    this.#options.changed(this.own.state(), { isComplete, waiting });
  }
}
