import type { Clock } from '@konferenco/core';
import { Refused } from '../accounts/refused.ts';
import { ByteBudget } from '../attachments/slots.ts';

/** Memory for all bodies on their way in. */
const BUDGET = 64 * 1_048_576;
/** Bodies of one person on their way in. */
const MOST_OF_ONE = 4;
/** Time for one body. Whoever has a slow line sends smaller chunks. */
const DEADLINE_MS = 60_000;
const RETRY_MS = 1_000;

export interface RawBody {
  readonly bytes: Uint8Array;
  /** Gives its memory back to others; called once it is dealt with. */
  readonly release: () => void;
}

/** Reads bodies that are no JSON: bounded in size, time, memory and in how many one person sends at once. */
export class RawBodies {
  readonly #clock: Clock;
  readonly #budget = new ByteBudget(BUDGET);
  readonly #perUser = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws {Refused} `too_large`, `overloaded`, `rate_limited`, `invalid` for one that breaks off or takes too long */
  async read(request: Request, user: string, most: number): Promise<RawBody> {
    const announced = Number(request.headers.get('content-length') ?? most);
    if (!(announced <= most)) throw new Refused('too_large', { detail: `A chunk has up to ${most} bytes.` });
    const count = this.#perUser.get(user) ?? 0;
    if (count >= MOST_OF_ONE) throw new Refused('rate_limited', { retry_after_ms: RETRY_MS });
    const giveBack = this.#budget.take(announced);
    this.#perUser.set(user, count + 1);
    const release = () => {
      giveBack();
      const left = (this.#perUser.get(user) ?? 1) - 1;
      if (left > 0) this.#perUser.set(user, left);
      else this.#perUser.delete(user);
    };
    try {
      return { bytes: await this.#gather(request, announced), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  async #gather(request: Request, most: number): Promise<Uint8Array> {
    const reader = request.body?.getReader();
    if (!reader) return new Uint8Array(0);
    const bytes = new Uint8Array(most);
    let length = 0;
    let isLate = false;
    const cancel = this.#clock.after(DEADLINE_MS, () => {
      isLate = true;
      void reader.cancel().catch(() => undefined);
    });
    try {
      for (;;) {
        const { done, value } = await reader.read().catch(() => {
          throw new Refused('invalid', { detail: 'The body broke off.' });
        });
        if (isLate) throw new Refused('invalid', { detail: 'The body took too long: send smaller chunks.' });
        if (done) return bytes.subarray(0, length);
        if (length + value.length > most)
          throw new Refused('too_large', { detail: `A chunk has up to ${most} bytes.` });
        bytes.set(value, length);
        length += value.length;
      }
    } finally {
      cancel();
    }
  }
}
