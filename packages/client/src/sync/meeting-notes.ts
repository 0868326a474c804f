import type { MeetingView } from '@konferenco/core';
import { viewNotes } from '@konferenco/core/sync/notes-document';
import type { Envelope } from '@konferenco/protocol';
import { asError } from '../errors.ts';
import { Signal } from '../events.ts';
import type { LocalStore } from '../storage/local-store.ts';
import type { ReplicatedHost } from './host.ts';
import type { OwnOperations } from './own-operations.ts';
import type { ScopeReplica } from './scope-replica.ts';
import type { SharedNotes } from './types.ts';

/** Rows of `meta` that hold what was typed and is not in the outbox yet; one for each pause in typing. */
const TYPED = 'typed/';
/** Such rows taken up at a start. */
const TYPED_MAX = 100;

/** Updates of one meeting's minutes, in base64. */
interface Typed {
  readonly meeting: string;
  readonly with: string;
  readonly updates: readonly string[];
}

/** Opens the shared minutes of meetings. What merges them is loaded when the first are opened. */
export class MeetingNotesDesk {
  readonly #host: ReplicatedHost;
  readonly #personal: ScopeReplica;
  readonly #operations: OwnOperations;
  readonly #refusals = new Map<string, number>();
  readonly #refused = new Signal();

  constructor(host: ReplicatedHost, personal: ScopeReplica, operations: OwnOperations) {
    this.#host = host;
    this.#personal = personal;
    this.#operations = operations;
  }

  async open({ id, with: other }: MeetingView): Promise<SharedNotes> {
    const { MeetingNotes } = await import('../notes/shared-notes.ts');
    const { environment, newId, rows } = this.#host;
    const typed = (updates: readonly string[]): Typed => ({ meeting: id, with: other, updates });
    let row = TYPED + newId();
    return new MeetingNotes({
      environment,
      updates: () => viewNotes(this.#personal.documents.get(`notes/${id}`) ?? null),
      refusals: () => this.#refusals.get(id) ?? 0,
      subscribe: (fn) => {
        const ends = [this.#personal.subscribe(fn), this.#refused.subscribe(fn)];
        return () => {
          for (const end of ends) end();
        };
      },
      keep: (updates) => rows.put('meta', row, typed(updates)),
      send: (updates) => {
        void this.#send(row, typed(updates));
        row = TYPED + newId();
      },
    });
  }

  /**
   * Sends what a program that ended had kept of its typing. Another tab may be about to send the same: an update that
   * comes twice changes nothing.
   */
  async takeUp(store: LocalStore): Promise<void> {
    const rows = await store.list('meta', { prefix: TYPED, limit: TYPED_MAX });
    await Promise.all(rows.map(({ key, value }) => this.#send(key, value as Typed)));
  }

  /** An update was refused: it is part of the text no longer. */
  refused({ subtype, payload }: Envelope): void {
    if (subtype === 'notes_change') this.#takeBack(String(payload['meeting']));
  }

  /** Puts updates into the outbox. Only once it has them, the row that held them goes. */
  async #send(row: string, { meeting, with: other, updates }: Typed): Promise<void> {
    const change = (update: string) => () => ({
      ...({ type: 'meeting', subtype: 'notes_change', with: other } as const),
      payload: { meeting, update },
    });
    try {
      await Promise.all(updates.map((update) => this.#operations.submit(change(update))));
    } catch (thrown) {
      const error = asError(thrown);
      this.#host.failed(error);
      if (error.error === 'outbox_full') this.#takeBack(meeting);
    }
    this.#host.rows.put('meta', row, undefined);
  }

  #takeBack(meeting: string): void {
    this.#refusals.set(meeting, (this.#refusals.get(meeting) ?? 0) + 1);
    this.#refused.emit();
  }
}
