/** A set of offsets in ascending order; adding at the end, the usual case, costs nothing extra. */
export class SortedOffsets {
  #offsets: number[] = [];

  get size(): number {
    return this.#offsets.length;
  }

  add(offset: number): void {
    const last = this.#offsets.at(-1);
    if (last === undefined || offset > last) {
      this.#offsets.push(offset);
      return;
    }
    const index = this.#firstAtLeast(offset);
    if (this.#offsets[index] !== offset) this.#offsets.splice(index, 0, offset);
  }

  /** Takes out those less than `offset`, and returns them. */
  removeBefore(offset: number): readonly number[] {
    return this.#offsets.splice(0, this.#firstAtLeast(offset));
  }

  all(): readonly number[] {
    return this.#offsets;
  }

  /** Those greater than `offset`. */
  after(offset: number): readonly number[] {
    return this.#offsets.slice(this.#firstAtLeast(offset + 1));
  }

  /** Those from `from` to `to`, both included. */
  between(from: number, to: number): readonly number[] {
    return this.#offsets.slice(this.#firstAtLeast(from), this.#firstAtLeast(to + 1));
  }

  *backwards(): Generator<number> {
    for (let index = this.#offsets.length - 1; index >= 0; index--) yield this.#offsets[index] as number;
  }

  #firstAtLeast(offset: number): number {
    let low = 0;
    let high = this.#offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#offsets[middle] as number) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
