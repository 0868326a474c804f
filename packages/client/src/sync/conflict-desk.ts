import { serverError } from '../server-errors.ts';
import type { ConflictJournal } from './conflict-journal.ts';
import type { Conflict, Conflicts, Meetings, Programme, ToldConflict } from './types.ts';

export interface ConflictDeskOptions {
  readonly journal: ConflictJournal;
  readonly programme: (event: string) => Pick<Programme, 'change' | 'cancel' | 'setSpeakers'>;
  readonly meetings: Pick<Meetings, 'propose' | 'setAgendaItem'>;
}

type Lost = Extract<Conflict, { kind: 'overridden' }>;

/** What the person was told of conflicts, and what they can do about them. */
export class ConflictDesk implements Conflicts {
  readonly #options: ConflictDeskOptions;

  constructor(options: ConflictDeskOptions) {
    this.#options = options;
  }

  state(): readonly ToldConflict[] {
    return this.#options.journal.open;
  }

  subscribe(fn: () => void): () => void {
    return this.#options.journal.subscribe(fn);
  }

  async dismiss(id: string): Promise<void> {
    this.#options.journal.dismiss(id);
  }

  async restoreMine(id: string): Promise<void> {
    const conflict = this.state().find((told) => told.id === id)?.conflict;
    if (conflict?.kind !== 'overridden') throw serverError('not_found');
    await this.#write(conflict);
    this.#options.journal.dismiss(id);
  }

  #write(lost: Lost): Promise<void> {
    const { meetings } = this.#options;
    const document = lost.document.slice(lost.document.indexOf('/') + 1);
    switch (lost.field) {
      case 'agenda':
        return meetings.setAgendaItem(document, lost.item, lost.mine.text, lost.mine.done);
      case 'time':
        return lost.event === undefined
          ? meetings.propose(document, lost.mine)
          : this.#programmeOf(lost).change(document, { starts_at: lost.mine.starts_at, ends_at: lost.mine.ends_at });
      case 'speakers':
        return this.#programmeOf(lost).setSpeakers(document, lost.mine);
      case 'cancelled':
        return lost.mine
          ? this.#programmeOf(lost).cancel(document, lost.mine.reason)
          : this.#programmeOf(lost).change(document, { cancelled: false });
      case 'title':
      case 'room':
      case 'abstract':
      case 'channel_id':
      case 'starts_at':
      case 'ends_at':
        return this.#programmeOf(lost).change(document, { [lost.field]: lost.mine });
    }
  }

  #programmeOf({ event = '' }: Lost): ReturnType<ConflictDeskOptions['programme']> {
    return this.#options.programme(event);
  }
}
