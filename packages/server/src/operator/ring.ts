/** Keeps the last `capacity` values, the oldest forgotten first. */
export class Ring<Value> {
  readonly #capacity: number;
  readonly #values: Value[] = [];
  /** Where the oldest value is, once the ring is full. */
  #first = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(value: Value): void {
    if (this.#values.length < this.#capacity) {
      this.#values.push(value);
      return;
    }
    this.#values[this.#first] = value;
    this.#first = (this.#first + 1) % this.#capacity;
  }

  /** The oldest first. */
  values(): Value[] {
    return [...this.#values.slice(this.#first), ...this.#values.slice(0, this.#first)];
  }

  /** The newest value; `undefined` when there is none. */
  get last(): Value | undefined {
    const { length } = this.#values;
    return this.#values[(this.#first + length - 1) % Math.max(1, length)];
  }
}
