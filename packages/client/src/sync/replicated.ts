import { documentsOf } from '@konferenco/core/sync/documents';
import { withStored } from '@konferenco/core/sync/own-writes';
import { type Envelope, eventLog, type InboxItem, type Item, type LogName, type ReplyOf } from '@konferenco/protocol';
import { clientError } from '../errors.ts';
import type { OutboxNews } from '../outbox-news.ts';
import { serverError } from '../server-errors.ts';
import type { LocalStore } from '../storage/local-store.ts';
import type { SendError } from '../types.ts';
import { ConflictDesk } from './conflict-desk.ts';
import { ConflictJournal, CONFLICTS_ROW } from './conflict-journal.ts';
import { conflictOfRefusal, conflictsOf } from './conflicts.ts';
import type { ReplicatedHost } from './host.ts';
import { MeetingNotesDesk } from './meeting-notes.ts';
import { MeetingsView } from './meetings.ts';
import { isOperation } from './is-operation.ts';
import { OwnView } from './own.ts';
import { OwnOperations } from './own-operations.ts';
import { PersonalElements } from './personal-elements.ts';
import { EventProgramme, sightingsRow } from './programme.ts';
import { reducerOf } from './reduce.ts';
import { type Arrival, ScopeReplica } from './scope-replica.ts';
import { keptScopes, readScope } from './scope-rows.ts';
import { ScopeSync } from './scope-sync.ts';
import { standingOf, type SyncPart } from './standing.ts';
import { STOOD_ROW, StoodWrites } from './stood-writes.ts';
import type { Conflicts, ReplicatedState, SyncView } from './types.ts';
import { View } from './view.ts';
import { waitingOperations } from './waiting-operations.ts';

/** A programme with what keeps it up to date. */
interface Scheduled {
  readonly scope: ScopeReplica;
  readonly sync: ScopeSync;
  readonly programme: EventProgramme;
  /** Somebody asked for it in this run: it is followed live. */
  isFollowed: boolean;
}

/** Replicated state of one person on one device. */
export class Replicated implements ReplicatedState {
  readonly sync: SyncView;
  readonly meetings: MeetingsView;
  readonly own: OwnView;
  readonly conflicts: Conflicts;
  readonly #host: ReplicatedHost;
  readonly #personal: ScopeReplica;
  readonly #personalSync: ScopeSync;
  readonly #schedules = new Map<string, Scheduled>();
  readonly #operations: OwnOperations;
  readonly #elements: PersonalElements;
  readonly #journal: ConflictJournal;
  readonly #stood: StoodWrites;
  readonly #notes: MeetingNotesDesk;
  readonly #view: View<ReturnType<SyncView['state']>>;
  #epoch: string | null = null;

  constructor(host: ReplicatedHost) {
    this.#host = host;
    this.#view = new View(() => standingOf(this.#parts, host.outbox.size));
    const { rows, me, now, tell, noteConflicts: written } = host;
    this.#journal = new ConflictJournal({ rows, me, now, tell, written });
    this.#stood = new StoodWrites(rows, now);
    this.#personal = this.#scope('personal', host.me());
    this.#personalSync = this.#syncOf(this.#personal);
    this.#operations = new OwnOperations({
      host,
      scopeOf: (envelope) => this.#partOf(envelope).scope,
      refused: (envelope, error) => this.#refused(envelope, error),
    });
    this.#elements = new PersonalElements(this.#personal, this.#operations);
    this.#notes = new MeetingNotesDesk(host, this.#personal, this.#operations);
    this.own = new OwnView(this.#personal, this.#elements);
    this.meetings = new MeetingsView({
      personal: this.#personal,
      operations: this.#operations,
      journal: this.#journal,
      me: host.me,
      newId: host.newId,
      attended: () => [...this.#schedules.values()].flatMap(({ programme }) => programme.attended()),
      openNotes: (meeting) => this.#notes.open(meeting),
    });
    this.conflicts = new ConflictDesk({
      journal: this.#journal,
      programme: (event) => this.programme(event),
      meetings: this.meetings,
    });
    this.conflicts.subscribe(() => this.meetings.changed());
    this.sync = {
      state: this.#view.state,
      subscribe: this.#view.subscribe,
      syncNow: () => this.#syncNow(),
      refetch: () => this.#refetch(),
      discard: (id) => this.#discard(id),
    };
  }

  /** Reads what the device keeps, and shows it. */
  async load(): Promise<void> {
    const { outbox } = this.#host;
    const { store } = this.#host;
    if (store) await this.#loadFrom(store);
    for (const envelope of outbox.waiting().filter(isOperation))
      this.#partOf(envelope).scope.pend({ envelope, offered: true, stored: false });
    this.#view.changed();
    if (store)
      void this.#notes.takeUp(store).catch((thrown: unknown) => this.#host.failed(clientError('storage', thrown)));
  }

  async #loadFrom(store: LocalStore): Promise<void> {
    const personal = `personal/${this.#host.me()}`;
    const schedules = (await keptScopes(store)).filter((name) => name.startsWith('schedule/'));
    const events = schedules.map((name) => name.slice('schedule/'.length));
    const [kept, journal, stood, sightings, own] = await Promise.all([
      Promise.all(schedules.map((name) => readScope(store, name))),
      store.get('meta', CONFLICTS_ROW),
      store.get('meta', STOOD_ROW),
      Promise.all(events.map((event) => store.get('meta', sightingsRow(event)))),
      readScope(store, personal),
    ]);
    this.#journal.load(journal);
    this.#stood.load(stood);
    for (const [index, event] of events.entries()) this.#schedule(event).programme.load(sightings[index]);
    this.#personal.load(own);
    for (const [index, event] of events.entries()) {
      const scope = kept[index];
      if (scope) this.#schedule(event).scope.load(scope);
      // Whoever overrides what this person wrote there is to be heard of, also while nobody looks at the programme.
      if (this.#stood.of(`schedule/${event}`).length > 0) this.programme(event);
    }
  }

  programme(event: string): EventProgramme {
    const scheduled = this.#schedule(event);
    if (!scheduled.isFollowed) {
      scheduled.isFollowed = true;
      this.#host.follow(eventLog(event));
      if (this.#epoch !== null && this.#host.wire.online) scheduled.sync.connected(this.#epoch);
    }
    return scheduled.programme;
  }

  /** Something of the person's own is known, from this device or from the server. */
  get isReady(): boolean {
    return this.#personal.isReady;
  }

  /** Channels whose joining or leaving waits to be sent. */
  get waitingChannels(): ReadonlySet<string> {
    return this.#elements.waiting('channels');
  }

  /** A connection stands. */
  resume({ epoch }: Pick<ReplyOf<'hello'>, 'epoch'>): void {
    this.#epoch = epoch;
    this.#operations.clockRight();
    // What was refused on an earlier connection may be allowed by now.
    for (const [event, { isFollowed }] of this.#schedules) if (isFollowed) this.#host.follow(eventLog(event));
    for (const sync of this.#syncs()) sync.connected(epoch);
  }

  lost(): void {
    for (const sync of this.#syncs()) sync.lost();
  }

  /** Entries of the inbox, in order. */
  inbox(items: readonly InboxItem[]): void {
    this.#personal.live(items.map(({ inbox, envelope }) => ({ offset: inbox, envelope })));
    this.#personalSync.expect(0);
  }

  /** Live entries of an event's log. */
  message(log: LogName, items: readonly Item[]): void {
    const scheduled = this.#scheduleOf(log);
    scheduled?.scope.live(items);
    scheduled?.sync.expect(0);
  }

  /** The log reaches to `head`. */
  reaches(log: LogName, head: number): void {
    this.#scheduleOf(log)?.sync.expect(head);
  }

  /** What became of an entry of the outbox. */
  news(news: OutboxNews): void {
    this.#operations.news(news);
    this.#expectOwn(news);
  }

  /** What became of an operation that another program on this device sends. */
  newsElsewhere(news: OutboxNews): void {
    this.#operations.newsElsewhere(news);
    this.#expectOwn(news);
  }

  /** Another program on this device told or put away a conflict, and wrote it down. */
  conflictsNoted(): void {
    const { store, failed } = this.#host;
    store?.get('meta', CONFLICTS_ROW).then(
      (row) => this.#journal.load(row),
      (thrown: unknown) => failed(clientError('storage', thrown)),
    );
  }

  /** Another number of entries waits in the outbox. */
  counted(): void {
    this.#view.changed();
  }

  #expectOwn({ kind, entry }: OutboxNews): void {
    if (kind !== 'stored') return;
    const { scope, sync } = this.#partOf(JSON.parse(entry.envelope) as Envelope);
    if (scope.storedIds().size > 0) sync.expectOwn();
  }

  #scope(namespace: ScopeReplica['namespace'], id: string): ScopeReplica {
    const { rows, me } = this.#host;
    const arrived = (arrival: Arrival) => this.#arrived(arrival);
    return new ScopeReplica({ namespace, id, rows, reduce: reducerOf(namespace, me()), arrived });
  }

  #syncOf(scope: ScopeReplica): ScopeSync {
    const { wire, environment, now, failed } = this.#host;
    const changed = () => this.#view.changed();
    scope.subscribe(changed);
    return new ScopeSync({ scope, wire, environment, now, changed, failed });
  }

  #schedule(event: string): Scheduled {
    const known = this.#schedules.get(event);
    if (known) return known;
    const { rows, me, now } = this.#host;
    const scope = this.#scope('schedule', event);
    const programme = new EventProgramme({
      schedule: scope,
      personal: this.#personal,
      elements: this.#elements,
      operations: this.#operations,
      rows,
      me,
      now,
    });
    programme.subscribe(() => this.meetings.changed());
    const created: Scheduled = { scope, sync: this.#syncOf(scope), programme, isFollowed: false };
    this.#schedules.set(event, created);
    return created;
  }

  #scheduleOf(log: LogName): Scheduled | undefined {
    return log.startsWith('ev:') ? this.#schedules.get(log.slice('ev:'.length)) : undefined;
  }

  #partOf(envelope: Envelope): SyncPart {
    if (envelope.type === 'schedule') return this.#schedule(envelope.to.id);
    return { scope: this.#personal, sync: this.#personalSync };
  }

  /** Syncs of what is kept up to date. */
  #syncs(): readonly ScopeSync[] {
    const followed = [...this.#schedules.values()].filter(({ isFollowed }) => isFollowed);
    return [this.#personalSync, ...followed.map(({ sync }) => sync)];
  }

  #arrived({ scope, applied, stored, pending }: Arrival): void {
    const me = this.#host.me();
    const event = scope.namespace === 'schedule' ? scope.id : undefined;
    for (const envelope of applied) this.#operations.seen(envelope);
    if (event !== undefined) this.#schedules.get(event)?.programme.arrived({ applied });
    const before = this.#stood.of(scope.name);
    const { found, stood } = conflictsOf({ me, event, applied, pending, stood: before, view: scope.documents });
    this.#stood.put(scope, withStored(stood, stored, me));
    this.#journal.take(found);
    this.#journal.follow(applied);
  }

  #refused(envelope: Envelope, error: SendError): void {
    const [document] = documentsOf(envelope);
    this.#notes.refused(envelope);
    this.#journal.take([conflictOfRefusal(envelope, document?.key ?? '', error)]);
  }

  async #syncNow(): Promise<void> {
    await Promise.all(this.#syncs().map((sync) => sync.now()));
  }

  async #refetch(): Promise<void> {
    if (!this.#host.wire.online) throw clientError('disconnected');
    for (const { scope } of [{ scope: this.#personal }, ...this.#schedules.values()]) scope.invalidate();
    await this.#syncNow();
  }

  get #parts(): readonly SyncPart[] {
    return [{ scope: this.#personal, sync: this.#personalSync }, ...this.#schedules.values()];
  }

  async #discard(id: string): Promise<void> {
    const operations = this.#parts.flatMap(({ scope }) => waitingOperations(scope.pending));
    const isDiscardable = operations.some((operation) => operation.id === id && operation.discardable);
    if (!isDiscardable || !(await this.#host.outbox.discard(id))) throw serverError('conflict');
  }
}
