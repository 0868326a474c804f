import type { Clock } from '@konferenco/core';
import { encodePieces, FRAME_BYTES, PieceReader, UplinkProtocolError } from './pieces.ts';

/** One end of a socket that carries bytes. */
export interface Wire {
  send(piece: Uint8Array<ArrayBuffer>): void;
  /** Bytes that wait to be sent. */
  readonly waiting: number;
  close(reason: string): void;
}

export interface LinkOptions<Out> {
  readonly wire: Wire;
  readonly clock: Clock;
  /** Sent when nothing else was for a while. */
  readonly beat: () => Out;
  /** A whole frame; heartbeats are not shown. */
  readonly onFrame: (frame: { readonly t: string }) => void;
  /** Called once, also when this side closed it. */
  readonly onEnd: (reason: string) => void;
}

/**
 * How often each side says that it is there; after two silent intervals the other takes it for gone. What waits for an answer
 * waits no longer than that. Less would give up lines that work: a piece of 32 KB takes 10 s at 26 kbit/s, and is heard as a whole.
 */
export const BEAT_MS = 5_000;
/** How long the handshake may take. */
const HANDSHAKE_MS = 10_000;
/** Bytes of a frame taken from a peer that has not proved itself. */
const STRANGER_BYTES = 4_096;
/** Bytes that may wait in a wire; beyond, what may be lost is not sent. */
export const WIRE_BYTES = 4 * 1024 * 1024;

/** A connection between home and mirror: frames over pieces, heartbeats, and an end that is noticed. */
export class Link<Out extends object> {
  readonly #options: LinkOptions<Out>;
  readonly #reader = new PieceReader(() => (this.#trusted ? FRAME_BYTES : STRANGER_BYTES));
  readonly #openedAt: number;
  #heardAt: number;
  #cancelBeat: () => void = () => {};
  #trusted = false;
  #ended = false;
  /** Bytes on the wire. */
  sent = 0;
  received = 0;

  constructor(options: LinkOptions<Out>) {
    this.#options = options;
    this.#openedAt = options.clock.now();
    this.#heardAt = this.#openedAt;
    this.#plan();
  }

  /** The peer has proved itself. */
  trust(): void {
    this.#trusted = true;
  }

  get isTrusted(): boolean {
    return this.#trusted;
  }

  get isOpen(): boolean {
    return !this.#ended;
  }

  get waiting(): number {
    return this.#options.wire.waiting;
  }

  send(frame: Out): void {
    if (this.#ended) return;
    for (const piece of encodePieces(frame)) {
      this.sent += piece.length;
      this.#options.wire.send(piece);
    }
  }

  /** Sends what may be lost. Returns false when too much waits already. */
  trySend(frame: Out): boolean {
    if (this.#ended || this.waiting > WIRE_BYTES) return false;
    this.send(frame);
    return true;
  }

  /** Bytes came. */
  receive(piece: Uint8Array): void {
    if (this.#ended) return;
    this.#heardAt = this.#options.clock.now();
    this.received += piece.length;
    try {
      const frame = this.#reader.push(piece);
      if (frame && (frame.t !== 'beat' || 'head' in frame)) this.#options.onFrame(frame);
    } catch (error) {
      if (!(error instanceof UplinkProtocolError)) throw error;
      this.close(`the other side sent ${error.message}`);
    }
  }

  close(reason: string): void {
    if (this.#ended) return;
    this.ended(reason);
    this.#options.wire.close(reason);
  }

  /** The wire is gone. */
  ended(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelBeat();
    this.#options.onEnd(reason);
  }

  #plan(): void {
    this.#cancelBeat = this.#options.clock.after(BEAT_MS, () => {
      const now = this.#options.clock.now();
      if (!this.#trusted && now - this.#openedAt >= HANDSHAKE_MS) return this.close('the handshake took too long');
      if (now - this.#heardAt > 2 * BEAT_MS) return this.close('the other side is silent');
      if (this.#trusted) this.trySend(this.#options.beat());
      if (!this.#ended) this.#plan();
    });
  }
}
