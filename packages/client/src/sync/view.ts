import { Signal } from '../events.ts';

/** A state computed when it is asked for and kept until something it is made of changes. */
export class View<State> {
  readonly #compute: () => State;
  readonly #changes = new Signal();
  #state: { readonly value: State } | null = null;

  constructor(compute: () => State) {
    this.#compute = compute;
  }

  readonly state = (): State => {
    this.#state ??= { value: this.#compute() };
    return this.#state.value;
  };

  readonly subscribe = (fn: () => void): (() => void) => this.#changes.subscribe(fn);

  changed(): void {
    this.#state = null;
    this.#changes.emit();
  }
}
