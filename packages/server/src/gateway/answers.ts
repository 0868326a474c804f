import { fullBucket, type Identity, takeTokenMutable, type TokenBucket } from '@konferenco/core';
import type { ClientFrame, ErrorName } from '@konferenco/protocol';
import { decodeClientFrame, type FramesRequest } from '@konferenco/protocol/schema';
import { dispatch } from '../handlers/index.ts';
import type { Services } from '../handlers/services.ts';
import { Connection, FRAME_RATE } from './connection.ts';
import { refuse } from './outgoing.ts';
import type { Socket } from './socket.ts';
import { eventOf } from './stream-event.ts';

/** A request whose answers have not all come by then is answered with those that have; Bun would cut it after 12 s. */
const ANSWER_MS = 8_000;
/** Users whose frames are counted at one time; the one heard of longest ago is forgotten first. */
const MOST_COUNTED = 100_000;

/** Frames about the live part of a session, which a request on its own does not have. */
const LIVE_FRAMES: ReadonlySet<ClientFrame['type']> = new Set([
  'hello',
  'subscribe',
  'unsubscribe',
  'presence',
  'watch',
]);

/**
 * Answers frames that need no connection, through the same handlers and limits as those that come over one; their number is
 * bounded by the allowance of one connection for each user.
 */
export class Answers {
  readonly #services: Services;
  readonly #counted = new Map<string, TokenBucket>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** The answers as events, in the order of their coming. `gone`: nobody waits for them any more. */
  async answer(identity: Identity, request: FramesRequest, gone: AbortSignal): Promise<Uint8Array> {
    const { clock } = this.#services;
    const now = clock.now();
    const socket = new AnswerSocket();
    const device = identity.session === '' ? (request.device_id ?? identity.device) : identity.device;
    const connection = new Connection({
      socket,
      identity: { ...identity, device },
      encoding: 'frames',
      slot: 0,
      now: Math.min(request.since ?? now, now),
    });
    connection.phase = 'ready';
    connection.lastSeen = now;
    let cancel = () => {};
    const over = new Promise<void>((resolve) => {
      cancel = clock.after(ANSWER_MS, resolve);
      gone.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([this.#dispatchAll(connection, socket, request.frames), over]);
    cancel();
    connection.phase = 'closing';
    return Buffer.concat(socket.events);
  }

  /** One after the other, as over a connection; then until each has its answer. */
  async #dispatchAll(connection: Connection, socket: AnswerSocket, frames: FramesRequest['frames']): Promise<void> {
    for (const frame of frames) {
      const pending = this.#dispatch(connection, socket, JSON.stringify(frame));
      if (pending) await pending;
      if (connection.phase === 'closing') return;
    }
    await socket.allAnswered();
  }

  #dispatch(connection: Connection, socket: AnswerSocket, text: string): Promise<void> | void {
    const { metrics, limits } = this.#services;
    const decoded = decodeClientFrame(text);
    const { ref } = decoded.ok ? (decoded.frame as { ref?: number }) : decoded;
    const refused = (error: ErrorName, detail?: string, retry_after_ms?: number) => {
      metrics.refusals.inc({ error });
      refuse(connection, { ref, error, detail, retry_after_ms });
    };
    const wait_ms = limits ? this.#count(connection.user) : 0;
    if (wait_ms > 0) return refused('rate_limited', 'frames', wait_ms);
    if (!decoded.ok) return refused(decoded.error, decoded.detail);
    if (LIVE_FRAMES.has(decoded.frame.type)) return refused('unexpected_frame', 'it belongs to a stream');
    if (ref !== undefined) socket.expect(ref);
    return dispatch(this.#services, connection, decoded.frame);
  }

  #count(user: string): number {
    const now = this.#services.clock.now();
    const bucket = this.#counted.get(user) ?? fullBucket(FRAME_RATE, now);
    this.#counted.delete(user);
    this.#counted.set(user, bucket);
    const [oldest] = this.#counted.keys();
    if (this.#counted.size > MOST_COUNTED && oldest !== undefined) this.#counted.delete(oldest);
    return takeTokenMutable(bucket, FRAME_RATE, now);
  }
}

/** Collects answers; nothing else reaches it. */
class AnswerSocket implements Socket {
  readonly events: Uint8Array[] = [];
  readonly #open = new Set<number>();
  #done: (() => void) | null = null;

  expect(ref: number): void {
    this.#open.add(ref);
  }

  allAnswered(): Promise<void> {
    return new Promise((resolve) => {
      this.#done = resolve;
      this.#check();
    });
  }

  send(text: string): number {
    const event = eventOf(text);
    this.events.push(event);
    const [, ref] = /^\{"type":"(?:reply|error)","ref":(\d+),/.exec(text) ?? [];
    if (ref !== undefined) this.#open.delete(Number(ref));
    this.#check();
    return event.length;
  }

  subscribe(): void {}
  unsubscribe(): void {}
  isSubscribed(): boolean {
    return false;
  }
  getBufferedAmount(): number {
    return 0;
  }
  ping(): void {}
  close(): void {
    this.#open.clear();
    this.#check();
  }

  #check(): void {
    if (this.#open.size === 0) this.#done?.();
  }
}
