import { type BucketRate, fullBucket, type Identity, takeTokenMutable, type TokenBucket } from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';
import type { Encoding, Socket } from './socket.ts';

/** Frames one connection may send: enough to drain an outbox, too few to keep a core busy. */
export const FRAME_RATE: BucketRate = { burst: 400, per_s: 100 };

/** Refused frames in a row of a flood after which the connection is closed. */
const FLOOD_REFUSALS = 1000;

/** Refused envelopes remembered: more than clients have under way. */
const MOST_REFUSED = 256;

/** Frames, and their UTF-16 units, that may wait while an earlier one is being worked on. */
const MOST_WAITING = 256;
const MOST_WAITING_UNITS = 524_288;

/** `opening`: no hello yet. `closing`: its socket is gone or going. */
export type Phase = 'opening' | 'ready' | 'closing';

/** What a connection begins with. */
export interface ConnectionStart {
  readonly socket: Socket;
  readonly identity: Identity;
  readonly encoding: Encoding;
  /** Slot on the wheel. */
  readonly slot: number;
  /** Unix ms of the upgrade. */
  readonly now: number;
  /** Connections that do not keep up, for who watches them: this one puts itself in and takes itself out. */
  readonly laggards?: Set<Connection>;
}

/**
 * One live connection: a small record and the order of its frames.
 *
 * Frames take effect in the order they came: while one waits for a permission or a signature to be checked, the ones
 * behind it wait too.
 */
export class Connection {
  readonly socket: Socket;
  readonly encoding: Encoding;
  identity: Identity;
  phase: Phase = 'opening';
  status: 'online' | 'away' | 'busy' = 'online';
  /** Unix ms of the last frame received. */
  lastSeen: number;
  /** Unix ms of the upgrade: messages older than this were written offline. */
  readonly openedAt: number;
  /** Heartbeat slot on the wheel. */
  readonly slot: number;
  logs: LogName[] = [];
  /** Logs whose live frames were dropped; `null` while the connection keeps up. */
  lost: Set<LogName> | null = null;
  readonly #laggards: Set<Connection> | undefined;
  #behindSince = 0;
  /** Replies that wait for the buffer to empty; `null` when none. */
  deferred: (() => void)[] | null = null;
  /** Envelopes refused in a way that lets them be sent again; `null` while there are none. */
  #refusedIds: Set<string> | null = null;
  /** Newest inbox offset acknowledged, not yet stored. */
  acked = 0;
  /** Newest inbox offset the connection was sent or told of; `null` before it was told where its inbox stands. */
  inboxHead: number | null = null;
  readonly #bucket: TokenBucket;
  #refused = 0;
  #waiting: string[] | null = null;
  #waitingUnits = 0;

  constructor({ socket, identity, encoding, slot, now, laggards }: ConnectionStart) {
    this.socket = socket;
    this.identity = identity;
    this.encoding = encoding;
    this.slot = slot;
    this.openedAt = now;
    this.lastSeen = now;
    this.#laggards = laggards;
    this.#bucket = fullBucket(FRAME_RATE, now);
  }

  /** Unix ms since when the connection has not taken what was sent to it; 0: it keeps up. */
  get behindSince(): number {
    return this.#behindSince;
  }

  fellBehind(now: number): void {
    if (this.#behindSince !== 0) return;
    this.#behindSince = now;
    this.#laggards?.add(this);
  }

  keepsUp(): void {
    this.#behindSince = 0;
    this.#laggards?.delete(this);
  }

  get user(): string {
    return this.identity.user;
  }

  /** The connection was sent its inbox up to `inbox`; counts from when it was told where its inbox stands. */
  tellInbox(inbox: number): void {
    if (this.inboxHead !== null && inbox > this.inboxHead) this.inboxHead = inbox;
  }

  /** Counts a frame: `ok`, `refuse` it with an error, or `close`, with the milliseconds to wait. */
  countFrame(now: number): { readonly verdict: 'ok' | 'refuse' | 'close'; readonly wait_ms: number } {
    const wait_ms = takeTokenMutable(this.#bucket, FRAME_RATE, now);
    if (wait_ms === 0) {
      this.#refused = 0;
      return { verdict: 'ok', wait_ms };
    }
    this.#refused++;
    return { verdict: this.#refused > FLOOD_REFUSALS ? 'close' : 'refuse', wait_ms };
  }

  /** An envelope was refused, and its sender will send it again: what was sent behind it must not overtake it. */
  noteRefused(id: string): void {
    this.#refusedIds ??= new Set();
    const [oldest] = this.#refusedIds;
    if (this.#refusedIds.size >= MOST_REFUSED && oldest !== undefined) this.#refusedIds.delete(oldest);
    this.#refusedIds.add(id);
  }

  /** An envelope that may have been refused has come again. */
  cameAgain(id: string): void {
    this.#refusedIds?.delete(id);
  }

  /** Whether what was sent behind `after` would overtake it. */
  isRefused(after: string): boolean {
    return this.#refusedIds?.has(after) === true;
  }

  /**
   * Runs `handle` for this frame now, or after the frames before it.
   *
   * @returns false when too many frames wait.
   */
  inOrder(text: string, handle: (text: string) => Promise<void> | void): boolean {
    if (this.#waiting) {
      this.#waitingUnits += text.length;
      if (this.#waiting.length >= MOST_WAITING || this.#waitingUnits > MOST_WAITING_UNITS) return false;
      this.#waiting.push(text);
      return true;
    }
    const pending = handle(text);
    if (pending) this.#waitFor(pending, handle);
    return true;
  }

  #waitFor(pending: Promise<void>, handle: (text: string) => Promise<void> | void): void {
    const waiting: string[] = this.#waiting ?? [];
    this.#waiting = waiting;
    void pending.then(() => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        this.#waitingUnits -= next.length;
        if (this.phase === 'closing') break;
        const again = handle(next);
        if (again) {
          this.#waitFor(again, handle);
          return;
        }
      }
      this.#waiting = null;
      this.#waitingUnits = 0;
    });
  }
}
