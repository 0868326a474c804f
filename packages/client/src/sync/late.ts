import { Signal } from '../events.ts';

/** Something with a state that can be followed. */
export interface Stateful {
  state(): unknown;
  subscribe(fn: () => void): () => void;
}

/** Names of the calls of a part that answer later. */
export type Calls<Part> = {
  readonly [Name in keyof Part]: Part[Name] extends (...args: never[]) => Promise<unknown> ? Name : never;
}[keyof Part] &
  string;

/** Holds the place of a part that is loaded later. */
export class Late<Part extends Stateful> {
  readonly #changes = new Signal();
  readonly #opened: () => Promise<unknown>;
  readonly #empty: ReturnType<Part['state']>;
  #part: Part | null = null;
  #end: () => void = () => {};

  /** `opened` resolves when the part is there, and rejects when it will not be. */
  constructor(empty: ReturnType<Part['state']>, opened: () => Promise<unknown>) {
    this.#empty = empty;
    this.#opened = opened;
  }

  get part(): Part | null {
    return this.#part;
  }

  /** From now on this is the part; `null`: there is none. */
  put(part: Part | null): void {
    this.#end();
    this.#part = part;
    this.#end = part?.subscribe(() => this.#changes.emit()) ?? (() => {});
    this.#changes.emit();
  }

  /** The part as others use it: its state is the empty one, and its calls wait, until it is there. */
  face(calls: readonly Calls<Part>[]): Part {
    const face: Record<string, unknown> = {
      state: () => this.#part?.state() ?? this.#empty,
      subscribe: (fn: () => void) => this.#changes.subscribe(fn),
    };
    for (const name of calls) {
      face[name] = async (...args: unknown[]) => {
        await this.#opened();
        const part = this.#part as Part;
        return (part[name] as (...args: unknown[]) => unknown).apply(part, args);
      };
    }
    // Every member of the parts is a state, a subscription or such a call; what is not, the caller adds.
    return face as unknown as Part;
  }
}
