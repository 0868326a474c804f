import type { MeetingView } from '@konferenco/core';
import { viewNotes } from '@konferenco/core/sync/notes-document';
import type { Envelope } from '@konferenco/protocol';
import { asError } from '../errors.ts';
import { Signal } from '../events.ts';
import type { ReplicatedHost } from './host.ts';
import type { OwnOperations } from './own-operations.ts';
import type { ScopeReplica } from './scope-replica.ts';
import type { SharedNotes } from './types.ts';

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
    return new MeetingNotes({
      environment: this.#host.environment,
      updates: () => viewNotes(this.#personal.documents.get(`notes/${id}`) ?? null),
      refusals: () => this.#refusals.get(id) ?? 0,
      subscribe: (fn) => {
        const ends = [this.#personal.subscribe(fn), this.#refused.subscribe(fn)];
        return () => {
          for (const end of ends) end();
        };
      },
      send: (update) => this.#send(id, other, update),
    });
  }

  /** An update was refused: it is part of the text no longer. */
  refused({ subtype, payload }: Envelope): void {
    if (subtype === 'notes_change') this.#takeBack(String(payload['meeting']));
  }

  #send(meeting: string, other: string, update: string): void {
    const kept = this.#operations.submit(() => ({
      type: 'meeting',
      subtype: 'notes_change',
      with: other,
      payload: { meeting, update },
    }));
    kept.catch((thrown: unknown) => {
      const error = asError(thrown);
      this.#host.failed(error);
      if (error.error === 'outbox_full') this.#takeBack(meeting);
    });
  }

  #takeBack(meeting: string): void {
    this.#refusals.set(meeting, (this.#refusals.get(meeting) ?? 0) + 1);
    this.#refused.emit();
  }
}
