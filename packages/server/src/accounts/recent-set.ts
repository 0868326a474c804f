/**
 * Remembers values for at least `span_ms` and at most twice that, in two halves that take turns, so that forgetting
 * costs nothing per value.
 */
export class RecentSet<Value> {
  readonly #span_ms: number;
  readonly #max: number;
  #current = new Set<Value>();
  #previous = new Set<Value>();
  #turned_at = 0;

  /** `max`: values each half holds at the most. */
  constructor(span_ms: number, max: number) {
    this.#span_ms = span_ms;
    this.#max = max;
  }

  /** `full`: nothing was remembered. `now` in Unix ms. */
  add(value: Value, now: number): 'added' | 'known' | 'full' {
    const age = now - this.#turned_at;
    if (age >= this.#span_ms) {
      this.#previous = age >= 2 * this.#span_ms ? new Set() : this.#current;
      this.#current = new Set();
      this.#turned_at = now;
    }
    if (this.has(value)) return 'known';
    if (this.#current.size >= this.#max) return 'full';
    this.#current.add(value);
    return 'added';
  }

  has(value: Value): boolean {
    return this.#current.has(value) || this.#previous.has(value);
  }
}
