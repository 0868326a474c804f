/** Listeners of one thing. A listener that throws does not keep the others from hearing; its error surfaces as uncaught. */
export class Signal<T = void> {
  readonly #listeners = new Set<(value: T) => void>();

  /** Returns what ends the subscription. */
  subscribe(fn: (value: T) => void): () => void {
    // A wrapper of its own lets the same function be subscribed twice and unsubscribed once.
    const listener = (value: T) => fn(value);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** A {@link Signal} per event name. */
export class Emitter<Events extends object> {
  readonly #signals: { [E in keyof Events]?: Signal<Events[E]> } = {};

  on<E extends keyof Events>(event: E, fn: (value: Events[E]) => void): () => void {
    this.#signals[event] ??= new Signal<Events[E]>();
    return this.#signals[event].subscribe(fn);
  }

  emit<E extends keyof Events>(event: E, value: Events[E]): void {
    this.#signals[event]?.emit(value);
  }
}
