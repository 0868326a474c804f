const MOST_WAITING = 4096;

/**
 * Puts live entries of one log back into the order of their offsets (D2).
 *
 * A bus may lose, double and reorder copies. `push` returns the entries that can be delivered now; the others wait until
 * the hole before them is filled, by a late copy or by what the log says. At most `MOST_WAITING` wait: the log has them.
 */
export class Sequencer<E extends { readonly offset: number }> {
  readonly #waiting = new Map<number, E>();
  #next: number | null = null;

  /** Offset of the last entry delivered; `null` before anything is known of the log. */
  get position(): number | null {
    return this.#next === null ? null : this.#next - 1;
  }

  /** Whether entries wait for a hole to be filled. */
  get hasHole(): boolean {
    return this.#waiting.size > 0;
  }

  /** Fixes where the log stands; entries up to `head` are known to subscribers by other ways. */
  start(head: number): void {
    if (this.#next === null) this.#next = head + 1;
  }

  /** Entries in order that `entry` makes deliverable; none for a copy already seen. */
  push(entry: E): readonly E[] {
    if (this.#next === null) this.#next = entry.offset;
    if (entry.offset < this.#next) return [];
    if (entry.offset === this.#next && this.#waiting.size === 0) {
      this.#next++;
      return [entry];
    }
    if (entry.offset === this.#next || this.#waiting.size < MOST_WAITING) this.#waiting.set(entry.offset, entry);
    return this.#release();
  }

  /** Skips to `first` when the log no longer holds what came before. */
  skipTo(first: number): readonly E[] {
    if (this.#next !== null && first > this.#next) {
      for (const offset of this.#waiting.keys()) if (offset < first) this.#waiting.delete(offset);
      this.#next = first;
    }
    return this.#release();
  }

  #release(): readonly E[] {
    const ready: E[] = [];
    for (let entry = this.#take(); entry; entry = this.#take()) ready.push(entry);
    return ready;
  }

  #take(): E | undefined {
    const next = this.#next ?? 0;
    const entry = this.#waiting.get(next);
    if (entry) {
      this.#waiting.delete(next);
      this.#next = next + 1;
    }
    return entry;
  }
}
