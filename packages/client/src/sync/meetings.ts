import type { MeetingView, SessionView } from '@konferenco/core';
import { documentsOf } from '@konferenco/core/sync/documents';
import { viewMeeting } from '@konferenco/core/sync/meeting-document';
import { clashes } from '@konferenco/core/sync/timetable';
import type { Envelope } from '@konferenco/protocol';
import { serverError } from '../server-errors.ts';
import type { ConflictJournal } from './conflict-journal.ts';
import type { OwnOperations } from './own-operations.ts';
import type { ScopeReplica } from './scope-replica.ts';
import type { OperationStamp } from './stamper.ts';
import type { Meeting, Meetings, SharedNotes } from './types.ts';
import { View } from './view.ts';

export interface MeetingsOptions {
  readonly personal: ScopeReplica;
  readonly operations: OwnOperations;
  readonly journal: ConflictJournal;
  readonly me: () => string;
  readonly newId: () => string;
  /** Sessions that the person goes to, of every programme on this device. */
  readonly attended: () => readonly SessionView[];
  readonly openNotes: (meeting: MeetingView) => Promise<SharedNotes>;
}

type Payload = Readonly<Record<string, unknown>>;

/** One's meetings, from what both have said. */
export class MeetingsView implements Meetings {
  readonly #options: MeetingsOptions;
  readonly #view: View<ReturnType<Meetings['state']>>;

  constructor(options: MeetingsOptions) {
    this.#options = options;
    this.#view = new View(() => ({ items: this.#items(), ready: options.personal.isReady }));
    options.personal.subscribe(() => this.#view.changed());
  }

  state(): ReturnType<Meetings['state']> {
    return this.#view.state();
  }

  subscribe(fn: () => void): () => void {
    return this.#view.subscribe(fn);
  }

  /** A programme changed: clashes may be others. */
  changed(): void {
    this.#view.changed();
  }

  async request({ with: other, ...wish }: Parameters<Meetings['request']>[0]): Promise<string> {
    const { operations, newId } = this.#options;
    const meeting = newId();
    const given = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
    await operations.submit((stamp) => ({
      type: 'meeting',
      subtype: 'request',
      with: other,
      payload: { meeting, ...given, ...stamp },
    }));
    return meeting;
  }

  accept(meeting: string): Promise<void> {
    return this.#answer('accept', meeting, {});
  }

  decline(meeting: string, reason?: string): Promise<void> {
    return this.#answer('decline', meeting, reason === undefined ? {} : { reason });
  }

  async propose(meeting: string, slot: Parameters<Meetings['propose']>[1]): Promise<void> {
    const { starts_at, ends_at, place } = slot;
    await this.#say('propose_time', meeting, { starts_at, ends_at, ...(place === undefined ? {} : { place }) });
    this.#options.journal.answered(meeting);
  }

  async cancel(meeting: string, reason?: string): Promise<void> {
    await this.#say('cancel', meeting, reason === undefined ? {} : { reason });
    this.#options.journal.answered(meeting);
  }

  async addAgendaItem(meeting: string, text: string, after?: string | null): Promise<void> {
    const last = this.#known(meeting).agenda.at(-1)?.id ?? null;
    const behind = after === undefined ? last : after;
    await this.#plan(meeting, ({ dot }) => ({ op: 'insert', item: dot, after: behind, text }));
  }

  async setAgendaItem(meeting: string, item: string, text: string, done: boolean): Promise<void> {
    await this.#plan(meeting, () => ({ op: 'set', item, text, done }));
  }

  async removeAgendaItem(meeting: string, item: string): Promise<void> {
    await this.#plan(meeting, () => ({ op: 'remove', item }));
  }

  async notes(meeting: string): Promise<SharedNotes> {
    return this.#options.openNotes(this.#known(meeting));
  }

  async #answer(subtype: 'accept' | 'decline', meeting: string, payload: Payload): Promise<void> {
    const { proposal, proposed_by } = this.#known(meeting);
    if (proposed_by === this.#options.me()) throw serverError('invalid');
    await this.#say(subtype, meeting, { proposal, ...payload });
    this.#options.journal.answered(meeting);
    this.#view.changed();
  }

  #plan(meeting: string, change: (stamp: OperationStamp) => Payload): Promise<void> {
    return this.#say('agenda_change', meeting, (stamp) => ({ change: change(stamp) }));
  }

  async #say(subtype: string, meeting: string, payload: Payload | ((stamp: OperationStamp) => Payload)): Promise<void> {
    const { with: other } = this.#known(meeting);
    await this.#options.operations.submit((stamp) => ({
      type: 'meeting',
      subtype,
      with: other,
      payload: { meeting, ...(typeof payload === 'function' ? payload(stamp) : payload), ...stamp },
    }));
  }

  /** @throws {KonferencoError} `not_found` */
  #known(meeting: string): MeetingView {
    const { personal, me } = this.#options;
    const state = personal.documents.get(`meeting/${meeting}`);
    const view = state ? viewMeeting(state, me()) : null;
    if (!view) throw serverError('not_found');
    return view;
  }

  #items(): readonly Meeting[] {
    const { personal, journal, me, attended } = this.#options;
    const views = [...personal.documents]
      .flatMap(([key, state]) => (key.startsWith('meeting/') ? (viewMeeting(state, me()) ?? []) : []))
      .sort((a, b) => a.starts_at - b.starts_at || (a.id < b.id ? -1 : 1));
    const waiting = new Set(personal.pending.flatMap(({ envelope }) => meetingOf(envelope)));
    const sessions = attended();
    return views.map((view): Meeting => {
      const isOn = view.standing !== 'cancelled' && view.standing !== 'declined';
      return {
        ...view,
        accept_again: view.accept_again || (view.standing === 'waiting_for_me' && journal.hasToAcceptAgain(view.id)),
        pending: waiting.has(view.id),
        clashes: isOn ? clashes(view, sessions, views) : [],
      };
    });
  }
}

/** The meeting that an operation is about: the meeting itself, or its minutes. */
function meetingOf(envelope: Envelope): readonly string[] {
  return documentsOf(envelope).flatMap(({ key }) => /^(?:meeting|notes)\/(.+)$/.exec(key)?.[1] ?? []);
}
