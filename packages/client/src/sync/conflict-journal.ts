import type { FoundConflict } from './conflicts.ts';
import type { RowWriter } from './scope-rows.ts';
import type { Conflict } from './types.ts';

/** Conflicts remembered, so that none is told twice. */
const TOLD_MAX = 500;
export const CONFLICTS_ROW = 'conflicts';

interface JournalRow {
  readonly told: readonly string[];
  /** Meetings whose time changed under an acceptance, and that were not answered since. */
  readonly accept_again: readonly string[];
}

/** Which conflicts the person was told, over restarts. */
export class ConflictJournal {
  readonly #rows: RowWriter;
  readonly #tell: (conflict: Conflict) => void;
  #told: readonly string[] = [];
  #acceptAgain: ReadonlySet<string> = new Set();

  constructor(rows: RowWriter, tell: (conflict: Conflict) => void) {
    this.#rows = rows;
    this.#tell = tell;
  }

  load(row: unknown): void {
    const { told = [], accept_again = [] } = (row ?? {}) as Partial<JournalRow>;
    this.#told = told;
    this.#acceptAgain = new Set(accept_again);
  }

  /** The person has to answer this meeting once more. */
  hasToAcceptAgain(meeting: string): boolean {
    return this.#acceptAgain.has(meeting);
  }

  answered(meeting: string): void {
    if (!this.#acceptAgain.has(meeting)) return;
    this.#acceptAgain = new Set([...this.#acceptAgain].filter((other) => other !== meeting));
    this.#write();
  }

  take(found: readonly FoundConflict[]): void {
    for (const { key, conflict } of found) {
      if (this.#told.includes(key)) continue;
      this.#told = [...this.#told, key].slice(-TOLD_MAX);
      if (conflict.kind === 'accept_again') this.#acceptAgain = new Set([...this.#acceptAgain, conflict.meeting]);
      this.#write();
      this.#tell(conflict);
    }
  }

  #write(): void {
    const row: JournalRow = { told: this.#told, accept_again: [...this.#acceptAgain] };
    this.#rows.put('meta', CONFLICTS_ROW, row);
  }
}
