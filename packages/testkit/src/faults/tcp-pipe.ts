import type { Socket } from 'node:net';
import type { Clock } from '@konferenco/core';

/** How one direction of a connection treats bytes. Changed by whoever owns it; looked at with every chunk. */
export interface Flow {
  /** `hold`: nothing passes and nothing is lost; `drop`: what comes vanishes. */
  mode: 'pass' | 'hold' | 'drop';
  delay_ms: number;
  /** Added to the delay, evenly spread between 0 and this. */
  jitter_ms: number;
  /** `null`: as fast as it goes. */
  bytes_per_s: number | null;
}

export interface PipeOptions {
  readonly from: Socket;
  readonly to: Socket;
  readonly flow: Flow;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** A number in [0, 1), asked for once a chunk. */
  readonly random: () => number;
}

/** Bytes a pipe holds before it stops reading, so that a stalled link presses back as a real one does. */
const HELD_MAX = 262_144;
/** A throttled pipe writes this often. */
const SLICE_MS = 20;

interface Chunk {
  readonly bytes: Buffer;
  readonly due: number;
}

/** Carries the bytes of one direction, in order, as its flow says. */
export class TcpPipe {
  readonly #options: PipeOptions;
  readonly #chunks: Chunk[] = [];
  #ended = false;
  /** When a throttled pipe may write again. */
  #free_at = 0;
  #cancelWait: (() => void) | null = null;
  #full = false;
  /** Bytes read and not yet written. */
  held = 0;
  /** Bytes that vanished here: with any, the stream has a hole and must not be continued. */
  lost = 0;

  constructor(options: PipeOptions) {
    const { from, to } = options;
    this.#options = options;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => {
      this.#ended = true;
      this.pump();
    });
    to.on('drain', () => {
      this.#full = false;
      this.pump();
    });
  }

  /** Writes what may go now; to be called when the flow was changed. */
  pump(): void {
    const { from, to, flow, clock } = this.#options;
    this.#cancelWait?.();
    this.#cancelWait = null;
    if (flow.mode === 'drop') this.#dropAll();
    while (flow.mode === 'pass' && !this.#full && !to.destroyed) {
      const chunk = this.#chunks[0];
      if (!chunk) break;
      const wait = Math.max(chunk.due, flow.bytes_per_s === null ? 0 : this.#free_at) - clock.now();
      if (wait > 0) {
        this.#cancelWait = clock.after(wait, () => this.pump());
        break;
      }
      this.#write(chunk);
    }
    if (this.held < HELD_MAX && from.isPaused()) from.resume();
    if (this.#ended && this.#chunks.length === 0 && flow.mode === 'pass' && !to.destroyed) to.end();
  }

  stop(): void {
    this.#cancelWait?.();
    this.#cancelWait = null;
    this.#chunks.length = 0;
  }

  #take(bytes: Buffer): void {
    const { from, flow, clock, random } = this.#options;
    if (flow.mode === 'drop') {
      this.lost += bytes.length;
      return;
    }
    this.#chunks.push({ bytes, due: clock.now() + flow.delay_ms + Math.floor(random() * flow.jitter_ms) });
    this.held += bytes.length;
    this.pump();
    if (this.held >= HELD_MAX) from.pause();
  }

  #write(chunk: Chunk): void {
    const { to, flow, clock } = this.#options;
    const slice = flow.bytes_per_s === null ? chunk.bytes.length : Math.ceil((flow.bytes_per_s * SLICE_MS) / 1000);
    const bytes = chunk.bytes.subarray(0, slice);
    const rest = chunk.bytes.subarray(slice);
    if (rest.length > 0) this.#chunks[0] = { bytes: rest, due: chunk.due };
    else this.#chunks.shift();
    this.held -= bytes.length;
    if (flow.bytes_per_s !== null) this.#free_at = clock.now() + (bytes.length / flow.bytes_per_s) * 1000;
    this.#full = !to.write(bytes);
  }

  #dropAll(): void {
    this.lost += this.held;
    this.#chunks.length = 0;
    this.held = 0;
  }
}
