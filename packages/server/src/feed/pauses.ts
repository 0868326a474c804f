import type { Clock } from '@konferenco/core';

/** The pauses of one loop: each can be cut short, and none begins once it is closed. */
export class Pauses {
  readonly #clock: Clock;
  #end: (() => void) | null = null;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves after `ms`, or when the pause is cut short. */
  async wait(ms: number): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(ms, resolve);
      this.#end = () => {
        cancel();
        resolve();
      };
    });
    this.#end = null;
  }

  cutShort(): void {
    this.#end?.();
  }

  close(): void {
    this.#closed = true;
    this.cutShort();
  }
}
