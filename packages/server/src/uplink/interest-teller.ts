import type { InterestChange } from './bridged-bus.ts';

/** Tells the other side of an uplink what is followed here, and knows when it has heard. */
export class InterestTeller {
  readonly #send: (frame: InterestChange & { readonly t: 'interest'; readonly ref: number }) => void;
  readonly #waiting = new Map<number, () => void>();
  #ref = 0;

  constructor(send: (frame: InterestChange & { readonly t: 'interest'; readonly ref: number }) => void) {
    this.#send = send;
  }

  /** Resolves when the other side has heard, or cannot any more. */
  tell(change: InterestChange): Promise<void> {
    const ref = ++this.#ref;
    return new Promise((resolve) => {
      this.#waiting.set(ref, resolve);
      this.#send({ t: 'interest', ref, ...change });
    });
  }

  answered(ref: number): void {
    this.#waiting.get(ref)?.();
    this.#waiting.delete(ref);
  }

  close(): void {
    for (const resolve of this.#waiting.values()) resolve();
    this.#waiting.clear();
  }
}
