import {
  type BucketRate,
  type Comebacks,
  comebackMutable,
  fullBucket,
  takeTokenMutable,
  type TokenBucket,
} from '@konferenco/core';
import { type ErrorName, SUBPROTOCOL } from '@konferenco/protocol';
import type { Encoding } from './socket.ts';
import { TicketDesk } from './ticket-desk.ts';

/** Whether somebody may come in; `retry_after_ms` when later is better. */
export type Admission =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: ErrorName; readonly retry_after_ms: number };

/** In ms. While a node drains, another one is better; a proxy in front takes it at once. */
const DRAINING_COMEBACK = { least: 1_000, spread: 2_000 };
/** In ms. When a full node has room again nobody knows. */
const FULL_COMEBACK = { least: 5_000, spread: 10_000 };

/**
 * The door: a bound on connections, a token bucket on new ones, and closed while draining (S6). Those with a ticket were
 * admitted at the desk that issued it: a browser learns when to come back from the answer to its request for a ticket,
 * never from a refused socket.
 */
export class Door {
  readonly #rate: BucketRate;
  readonly #most: number;
  readonly #random: () => number;
  readonly #bucket: TokenBucket;
  readonly #comebacks: Comebacks = { next_at: 0 };
  readonly desk: TicketDesk;
  draining = false;

  /**
   * @param most connections held at once
   * @param now Unix ms
   * @param random numbers in [0, 1), by which those are spread for whom there is no better time
   */
  constructor(rate: BucketRate, most: number, now: number, random: () => number = () => 0.5) {
    this.#rate = rate;
    this.#most = most;
    this.#random = random;
    this.#bucket = fullBucket(rate, now);
    this.desk = new TicketDesk(rate, now, random);
  }

  /**
   * Whether a connection may be opened where there are `open`. One that comes with a ticket was counted when that was issued,
   * here or at another node.
   */
  admit(open: number, now: number, hasTicket = false): Admission {
    if (this.draining) return { ok: false, error: 'draining', retry_after_ms: this.#spread(DRAINING_COMEBACK) };
    if (open >= this.#most) return { ok: false, error: 'overloaded', retry_after_ms: this.#spread(FULL_COMEBACK) };
    if (hasTicket || takeTokenMutable(this.#bucket, this.#rate, now) === 0) return { ok: true };
    const { per_s } = this.#rate;
    return overloaded(comebackMutable(this.#comebacks, { per_s, now, random: this.#random() }));
  }

  /** Whether a ticket may be issued: also while this node drains, for tickets are good at every node. */
  admitTicket(now: number): Admission {
    const wait_ms = this.desk.take(now);
    return wait_ms === 0 ? { ok: true } : overloaded(wait_ms);
  }

  #spread({ least, spread }: { readonly least: number; readonly spread: number }): number {
    return Math.round(least + this.#random() * spread);
  }
}

function overloaded(retry_after_ms: number): Admission {
  return { ok: false, error: 'overloaded', retry_after_ms };
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
