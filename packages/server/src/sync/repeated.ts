import type { Clock } from '@konferenco/core';

export interface RepeatedOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** Between the end of one run and the beginning of the next (ms). */
  readonly every_ms: number;
  /** What is done; it looks at `isClosed` between two commits. */
  readonly work: () => Promise<void>;
  readonly onFault: (error: unknown) => void;
}

/** Work that a node does again and again, one run at a time, until it is closed. A run that fails does not end it. */
export class Repeated {
  readonly #options: RepeatedOptions;
  #cancel: () => void;
  #closed = false;

  constructor(options: RepeatedOptions) {
    this.#options = options;
    this.#cancel = this.#later();
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #later(): () => void {
    const { clock, every_ms, work, onFault } = this.#options;
    return clock.after(every_ms, () => {
      work()
        .catch((error: unknown) => {
          // A store that closes under it is the end of the node, not a fault: what was not done is there the next time.
          if (!this.#closed) onFault(error);
        })
        .finally(() => {
          if (!this.#closed) this.#cancel = this.#later();
        });
    });
  }
}
