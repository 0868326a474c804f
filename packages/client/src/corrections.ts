import type { PlacedCorrection } from './message-view.ts';

/** Edits, deletions and reactions by the message they are about, also when that message is not here (yet). */
export class Corrections {
  readonly #byTarget = new Map<string, Map<string, PlacedCorrection>>();
  /** Which message a correction is about, by the correction's id. */
  readonly #targetOf = new Map<string, string>();
  readonly #offsets = new Set<number>();

  /** Takes one in; the stored form replaces the one from the outbox, which has no offset yet (infinity). */
  place(correction: PlacedCorrection): void {
    const { id, offset, said } = correction;
    if (offset === Number.POSITIVE_INFINITY && this.#isStored(id)) return;
    const known = this.#byTarget.get(said.target) ?? new Map<string, PlacedCorrection>();
    this.#byTarget.set(said.target, known.set(id, correction));
    this.#targetOf.set(id, said.target);
    this.#offsets.add(offset);
  }

  of(target: string): Iterable<PlacedCorrection> {
    return this.#byTarget.get(target)?.values() ?? [];
  }

  /** Takes back one that was never stored; returns the message it was about. */
  drop(id: string): string | null {
    const target = this.#targetOf.get(id);
    if (target === undefined || this.#isStored(id)) return null;
    this.#byTarget.get(target)?.delete(id);
    this.#targetOf.delete(id);
    return target;
  }

  /** Whether the entry at `offset` is known to be a correction. */
  isAt(offset: number): boolean {
    return this.#offsets.has(offset);
  }

  isDeleted(target: string): boolean {
    return [...this.of(target)].some(({ said }) => said.kind === 'delete');
  }

  /** Forgets those stored before `offset`. */
  trim(offset: number): void {
    for (const [target, known] of this.#byTarget) {
      for (const correction of known.values()) {
        if (correction.offset >= offset) continue;
        known.delete(correction.id);
        this.#targetOf.delete(correction.id);
        this.#offsets.delete(correction.offset);
      }
      if (known.size === 0) this.#byTarget.delete(target);
    }
  }

  /** Those that wait in the outbox. */
  unstored(): readonly PlacedCorrection[] {
    return [...this.#byTarget.values()]
      .flatMap((all) => [...all.values()])
      .filter(({ offset }) => offset === Number.POSITIVE_INFINITY);
  }

  #isStored(id: string): boolean {
    const known = this.#byTarget.get(this.#targetOf.get(id) ?? '')?.get(id);
    return known !== undefined && known.offset !== Number.POSITIVE_INFINITY;
  }
}
