import type { Envelope } from '@konferenco/protocol';
import { Signal } from '../events.ts';
import { type LocalStore, LocalStoreError } from '../storage/local-store.ts';
import {
  bounded,
  type ConflictRow,
  joinedRows,
  NO_CONFLICTS,
  type OpenConflict,
  readConflictRow,
} from './conflict-row.ts';
import type { FoundConflict } from './conflicts.ts';
import { afterLater } from './overridden.ts';
import type { RowWriter } from './scope-rows.ts';
import type { Conflict, ToldConflict } from './types.ts';

export const CONFLICTS_ROW = 'conflicts';

export interface ConflictJournalOptions {
  readonly rows: RowWriter;
  readonly me: () => string;
  /** The server's time, as far as known (Unix ms). */
  readonly now: () => number;
  /** Told once for each conflict. */
  readonly tell: (conflict: Conflict) => void;
  /** The store has what changed here. */
  readonly written: () => void;
}

/** Which conflicts the person was told, over restarts and in all programs of the device, and which they have not put away. */
export class ConflictJournal {
  readonly #options: ConflictJournalOptions;
  readonly #changes = new Signal();
  #row: ConflictRow = NO_CONFLICTS;

  constructor(options: ConflictJournalOptions) {
    this.#options = options;
  }

  /** What an earlier run left, or another program wrote meanwhile. */
  load(row: unknown): void {
    this.#become(joinedRows(this.#row, readConflictRow(row)));
  }

  /** What the person has not put away, oldest first; the same list while it does not change. */
  get open(): readonly ToldConflict[] {
    return this.#row.open;
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  /** The person has to answer this meeting once more. */
  hasToAcceptAgain(meeting: string): boolean {
    return this.#row.accept_again.some(([, other]) => other === meeting);
  }

  /** The person answered it: what asked for that is over. */
  answered(meeting: string): void {
    if (!this.hasToAcceptAgain(meeting)) return;
    const asksFor = ({ conflict }: OpenConflict) => conflict.kind === 'accept_again' && conflict.meeting === meeting;
    this.#write({
      ...this.#row,
      open: this.#row.open.filter((one) => !asksFor(one)),
      accept_again: this.#row.accept_again.filter(([, other]) => other !== meeting),
    });
  }

  dismiss(id: string): void {
    if (this.#row.open.some((one) => one.id === id))
      this.#write({ ...this.#row, open: this.#row.open.filter((one) => one.id !== id) });
  }

  take(found: readonly FoundConflict[]): void {
    for (const { keys, conflict, stands } of found) {
      const [id] = keys;
      if (id === undefined || keys.every((key) => this.#row.told.includes(key))) continue;
      const again = conflict.kind === 'accept_again' ? [[`answer/${id}`, conflict.meeting] as const] : [];
      const one: OpenConflict = { id, at: this.#options.now(), conflict, ...(stands ? { stands } : {}) };
      this.#write({
        told: [...this.#row.told, ...keys, ...again.map(([key]) => key)],
        open: [...this.#row.open.filter((other) => other.id !== id), one],
        accept_again: [...this.#row.accept_again, ...again],
      });
      this.#options.tell(conflict);
    }
  }

  /** Operations came: what they settle is over, and who wrote last is named. */
  follow(applied: readonly Envelope[]): void {
    const before = this.#row.open;
    if (before.length === 0 || applied.length === 0) return;
    const after = before.flatMap((one) =>
      applied.reduce<OpenConflict[]>((so, later) => so.flatMap((o) => this.#after(o, later)), [one]),
    );
    if (after.length !== before.length || after.some((one, index) => one !== before[index]))
      this.#write({ ...this.#row, open: after });
  }

  #after(one: OpenConflict, envelope: Envelope): OpenConflict[] {
    const { conflict, stands } = one;
    if (conflict.kind !== 'overridden' || !stands) return [one];
    const later = afterLater({ conflict, stands }, envelope, this.#options.me());
    if (later === null) return [];
    return later.conflict === conflict ? [one] : [{ ...one, ...later }];
  }

  #write(row: ConflictRow): void {
    this.#become(bounded(row));
    this.#options.rows.putLate(CONFLICTS_ROW, {
      make: async (shared) => {
        if (shared) this.load(await readRow(shared));
        return [{ table: 'meta', key: CONFLICTS_ROW, value: this.#row }];
      },
      written: this.#options.written,
    });
  }

  #become(row: ConflictRow): void {
    const isSame = JSON.stringify(row.open) === JSON.stringify(this.#row.open);
    this.#row = isSame ? { ...row, open: this.#row.open } : row;
    if (!isSame) this.#changes.emit();
  }
}

/** What a program of the device wrote last; nothing of what cannot be read. */
async function readRow(store: LocalStore): Promise<unknown> {
  try {
    return await store.get('meta', CONFLICTS_ROW);
  } catch (thrown) {
    if (!(thrown instanceof LocalStoreError) || thrown.fault !== 'damaged') throw thrown;
    return undefined;
  }
}
