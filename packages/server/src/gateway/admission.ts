import { type BucketRate, fullBucket, takeTokenMutable, type TokenBucket } from '@konferenco/core';
import { type ErrorName, SUBPROTOCOL } from '@konferenco/protocol';
import type { Encoding } from './socket.ts';

/** Whether a new socket may come in; `retry_after_s` when later is better. */
export type Admission =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: ErrorName; readonly retry_after_s: number };

/** The door: a token bucket on new connections, a bound on all of them, and closed while draining (S6). */
export class Door {
  readonly #rate: BucketRate;
  readonly #most: number;
  readonly #bucket: TokenBucket;
  draining = false;

  constructor(rate: BucketRate, most: number, now: number) {
    this.#rate = rate;
    this.#most = most;
    this.#bucket = fullBucket(rate, now);
  }

  admit(open: number, now: number): Admission {
    if (this.draining) return { ok: false, error: 'draining', retry_after_s: 1 };
    if (open >= this.#most) return { ok: false, error: 'overloaded', retry_after_s: 10 };
    const wait_ms = takeTokenMutable(this.#bucket, this.#rate, now);
    return wait_ms === 0
      ? { ok: true }
      : { ok: false, error: 'overloaded', retry_after_s: Math.max(1, Math.ceil(wait_ms / 1000)) };
  }
}

/** The encoding a client asks for by the subprotocols it offers; `null` when it offers only others. */
export function encodingOf(offered: string | null): Encoding | null {
  if (offered === null) return 'short';
  return offered.split(',').some((name) => name.trim() === SUBPROTOCOL) ? 'frames' : null;
}

/**
 * Whether a page of `origin` may open a socket: a browser sends its page's origin along with the cookies and network
 * position of the person in front of it, so foreign pages must not speak for them. Programs send none.
 */
export function isOriginAllowed(origin: string | null, host: string | null, allowed: readonly string[]): boolean {
  if (origin === null || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
