import type { Environment } from './types.ts';

/** While a person types, the word is repeated at most this often. */
export const TYPING_REPEAT_MS = 3_000;
/** Without another key for this long the person has stopped. */
export const TYPING_STOP_MS = 4_000;
/** Without another word for this long the other person is taken to have stopped. */
export const TYPING_LAPSE_MS = 6_000;

export interface TypingOptions {
  readonly environment: Pick<Environment, 'now' | 'after'>;
  readonly say: (active: boolean) => void;
  readonly changed: () => void;
}

/** Typing in one conversation: says one's own, sparingly, and remembers the others' until it lapses. */
export class Typing {
  readonly #options: TypingOptions;
  #saidAt: number | null = null;
  #cancelStop: () => void = () => {};
  readonly #others = new Map<string, () => void>();

  constructor(options: TypingOptions) {
    this.#options = options;
  }

  get users(): readonly string[] {
    return [...this.#others.keys()];
  }

  /** A key was pressed. */
  type(): void {
    const now = this.#options.environment.now();
    this.#cancelStop();
    this.#cancelStop = this.#options.environment.after(TYPING_STOP_MS, () => this.stop());
    if (this.#saidAt !== null && now - this.#saidAt < TYPING_REPEAT_MS) return;
    this.#saidAt = now;
    this.#options.say(true);
  }

  /** The message was sent, or the person stopped. */
  stop(): void {
    this.#cancelStop();
    if (this.#saidAt === null) return;
    this.#saidAt = null;
    this.#options.say(false);
  }

  heard(user: string, active: boolean): void {
    const had = this.#others.has(user);
    this.#others.get(user)?.();
    this.#others.delete(user);
    if (active)
      this.#others.set(
        user,
        this.#options.environment.after(TYPING_LAPSE_MS, () => this.heard(user, false)),
      );
    if (had !== active) this.#options.changed();
  }

  /** The connection is gone: nobody's typing is known, and one's own was not heard. */
  lost(): void {
    this.#cancelStop();
    this.#saidAt = null;
    for (const cancel of this.#others.values()) cancel();
    this.#others.clear();
  }
}
