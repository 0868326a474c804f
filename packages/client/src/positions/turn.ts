import type { Environment } from '../types.ts';

/** Of the programs on this device that want to do something, one at a time has its turn. */
export class Turn {
  readonly #exclusively: Environment['exclusively'];
  readonly #name: string;
  readonly #changed: () => void;
  #claim: PromiseWithResolvers<void> | null = null;
  #isMine = false;

  /** `changed` is called when the turn has come. */
  constructor(exclusively: Environment['exclusively'], name: string, changed: () => void) {
    this.#exclusively = exclusively;
    this.#name = name;
    this.#changed = changed;
  }

  get isMine(): boolean {
    return this.#isMine;
  }

  /** Waits for the turn, and keeps it until {@link leave}. */
  take(): void {
    if (this.#claim) return;
    const claim = Promise.withResolvers<void>();
    this.#claim = claim;
    const run = async (): Promise<void> => {
      // Given up while it waited.
      if (this.#claim !== claim) return;
      this.#isMine = true;
      this.#changed();
      await claim.promise;
    };
    this.#exclusively(this.#name, run).catch(() => {
      // Without locks each program has its turn: several at once cost more and harm nobody.
      if (this.#claim === claim && !this.#isMine) void run();
    });
  }

  leave(): void {
    this.#isMine = false;
    this.#claim?.resolve();
    this.#claim = null;
  }
}
