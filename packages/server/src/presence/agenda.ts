/** Width of a slot, in milliseconds: no finer than ticks come. */
const SLOT_MS = 250;

/**
 * What is to be looked at when, so that a tick costs what is due and not what is kept. Times are Unix ms. A thing comes once,
 * at the earliest time set, and up to a slot early: whoever looks at it sets the next time.
 */
export class Agenda<T> {
  readonly #slots = new Map<number, Set<T>>();
  readonly #slotOf = new Map<T, number>();
  /** No slot before it is in use. */
  #first = Number.POSITIVE_INFINITY;

  /** `item` is to be looked at by `at`; a time that was set before stands if it is earlier. */
  set(item: T, at: number): void {
    const slot = Math.floor(at / SLOT_MS);
    const known = this.#slotOf.get(item);
    if (slot === Number.POSITIVE_INFINITY || (known !== undefined && known <= slot)) return;
    if (known !== undefined) this.#slots.get(known)?.delete(item);
    const items = this.#slots.get(slot);
    if (items) items.add(item);
    else this.#slots.set(slot, new Set([item]));
    this.#slotOf.set(item, slot);
    this.#first = Math.min(this.#first, slot);
  }

  /** Takes what is due. What is set meanwhile comes the next time. */
  take(now: number): readonly T[] {
    const due: T[] = [];
    const last = Math.floor(now / SLOT_MS);
    for (; this.#slotOf.size > 0 && this.#first <= last; this.#first++) {
      for (const item of this.#slots.get(this.#first) ?? []) {
        due.push(item);
        this.#slotOf.delete(item);
      }
      this.#slots.delete(this.#first);
    }
    return due;
  }
}
