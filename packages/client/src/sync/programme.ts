import type { DocumentState, SessionView } from '@konferenco/core';
import { viewAttendance } from '@konferenco/core/sync/attendance-document';
import { documentsOf } from '@konferenco/core/sync/documents';
import { viewSession } from '@konferenco/core/sync/session-document';
import type { SessionChange, SpeakerUpdate } from '@konferenco/protocol';
import { allSeen, noticesFrom, type Sightings, sighted } from './notices.ts';
import type { OwnOperations } from './own-operations.ts';
import type { PersonalElements } from './personal-elements.ts';
import type { Arrival, ScopeReplica } from './scope-replica.ts';
import type { RowWriter } from './scope-rows.ts';
import type { Documents } from './scope-state.ts';
import type { Programme, ProgrammeSession } from './types.ts';
import { View } from './view.ts';

export interface ProgrammeOptions {
  readonly schedule: ScopeReplica;
  readonly personal: ScopeReplica;
  readonly elements: PersonalElements;
  readonly operations: OwnOperations;
  readonly rows: RowWriter;
  readonly me: () => string;
  readonly now: () => number;
}

/** Where a device keeps what the person last saw of an event's sessions. */
export function sightingsRow(event: string): string {
  return `notices/${event}`;
}

/** An event's programme, and what changed about the sessions that the person cares for. */
export class EventProgramme implements Programme {
  readonly event: string;
  readonly #options: ProgrammeOptions;
  readonly #view: View<ReturnType<Programme['state']>>;
  /** Views of sessions whose state has not changed since. */
  readonly #views = new WeakMap<DocumentState, SessionView | null>();
  #sightings: Sightings = {};

  constructor(options: ProgrammeOptions) {
    this.event = options.schedule.id;
    this.#options = options;
    this.#view = new View(() => this.#compute());
    options.schedule.subscribe(() => this.#changed());
    options.personal.subscribe(() => this.#changed());
  }

  /** What an earlier run of the program left. */
  load(row: unknown): void {
    this.#sightings = (row as Sightings | undefined) ?? {};
    this.#changed();
  }

  state(): ReturnType<Programme['state']> {
    return this.#view.state();
  }

  subscribe(fn: () => void): () => void {
    return this.#view.subscribe(fn);
  }

  setFavourite(session: string, on: boolean): Promise<void> {
    return this.#options.elements.put('favourites', session, on);
  }

  setAttending(session: string, on: boolean): Promise<void> {
    return this.#options.elements.put('attending', session, on);
  }

  change(session: string, set: SessionChange['set']): Promise<void> {
    return this.#write('session_change', { session, set });
  }

  setSpeakers(session: string, speakers: SpeakerUpdate['speakers']): Promise<void> {
    return this.#write('speaker_update', { session, speakers });
  }

  cancel(session: string, reason?: string): Promise<void> {
    return this.#write('session_cancelled', { session, ...(reason === undefined ? {} : { reason }) });
  }

  dismissNotices(): void {
    this.#see(allSeen(this.#sightings, this.#sessionsOf(this.#options.schedule.confirmed)));
    this.#view.changed();
  }

  /** Sessions that the person goes to, as shown, in the order of time. */
  attended(): readonly SessionView[] {
    const attending = new Set(this.#options.elements.all('attending'));
    return [...this.#sessionsOf(this.#options.schedule.documents).values()]
      .filter(({ id }) => attending.has(id))
      .sort(byTime);
  }

  /** Operations of the event's log came; told before the programme changes. */
  arrived({ applied }: Pick<Arrival, 'applied'>): void {
    const { elements, schedule, me, now } = this.#options;
    // Before the first state there is nothing the person could have seen.
    if (!schedule.isReady) return;
    const cared = new Set([...elements.all('favourites'), ...elements.all('attending')]);
    const sessions = this.#sessionsOf(schedule.confirmed);
    this.#see(sighted(this.#sightings, { cared, sessions, applied, me: me(), now: now() }));
  }

  async #write(subtype: string, payload: Readonly<Record<string, unknown>>): Promise<void> {
    const { event } = this;
    await this.#options.operations.submit((stamp) => ({
      type: 'schedule',
      subtype,
      event,
      payload: { ...payload, ...stamp },
    }));
  }

  #see(sightings: Sightings): void {
    if (sightings === this.#sightings) return;
    this.#sightings = sightings;
    this.#options.rows.put('meta', sightingsRow(this.event), sightings);
  }

  #changed(): void {
    this.arrived({ applied: [] });
    this.#view.changed();
  }

  #compute(): ReturnType<Programme['state']> {
    const { schedule, elements } = this.#options;
    const [favourites, attending] = [new Set(elements.all('favourites')), new Set(elements.all('attending'))];
    const attendance = viewAttendance(schedule.documents.get('attendance') ?? null);
    const waiting = new Set([
      ...elements.waiting('favourites'),
      ...elements.waiting('attending'),
      ...schedule.pending.flatMap(({ envelope }) =>
        documentsOf(envelope).map(({ key }) => key.slice('session/'.length)),
      ),
    ]);
    const sessions = [...this.#sessionsOf(schedule.documents).values()].map(
      (session): ProgrammeSession => ({
        ...session,
        favourite: favourites.has(session.id),
        attending: attending.has(session.id),
        attendance: attendance.get(session.id) ?? 0,
        pending: waiting.has(session.id),
      }),
    );
    return {
      sessions: sessions.sort(byTime),
      notices: noticesFrom(this.#sightings, this.#sessionsOf(schedule.confirmed)),
      ready: schedule.isReady,
    };
  }

  #sessionsOf(documents: Documents): ReadonlyMap<string, SessionView> {
    const sessions = new Map<string, SessionView>();
    for (const [key, state] of documents) {
      if (!key.startsWith('session/')) continue;
      const known = this.#views.get(state);
      const view = known === undefined ? viewSession(key, state) : known;
      if (known === undefined) this.#views.set(state, view);
      if (view) sessions.set(view.id, view);
    }
    return sessions;
  }
}

function byTime(a: SessionView, b: SessionView): number {
  return a.starts_at - b.starts_at || (a.id < b.id ? -1 : 1);
}
