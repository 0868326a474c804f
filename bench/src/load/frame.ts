/**
 * The client's side of RFC 6455 framing: masked frames out, unmasked frames in. Extensions are not offered and no
 * server compared here fragments its messages, so a frame is a message.
 */

export const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 } as const;

const MASKED = 0x80;
const FINAL = 0x80;

/** A final frame as a client sends it, masked with `mask` (32 bits; not 0, which some servers treat as a special case). */
export function clientFrame(opcode: number, payload: string | Uint8Array, mask: number): Buffer {
  const length = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  const header = length < 126 ? 6 : length < 65_536 ? 8 : 14;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = FINAL | opcode;
  if (length < 126) frame[1] = MASKED | length;
  else if (length < 65_536) {
    frame[1] = MASKED | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = MASKED | 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.writeUInt32BE(mask, header - 4);
  if (typeof payload === 'string') frame.write(payload, header);
  else frame.set(payload, header);
  const keys = [mask >>> 24, (mask >>> 16) & 255, (mask >>> 8) & 255, mask & 255] as const;
  for (let at = 0; at < length; at++) frame[header + at] = byteAt(frame, header + at) ^ (keys[at & 3] ?? 0);
  return frame;
}

export interface FrameHandler {
  /** One frame: its opcode, and its payload, `bytes` from `start` to before `end`, valid until this returns. */
  frame(opcode: number, bytes: Buffer, start: number, end: number): void;
}

/**
 * Cuts a TCP stream into frames. A frame that lies within one chunk is handed on in place; only one that spans chunks
 * is copied.
 */
export class FrameReader {
  #partial: Buffer | null = null;
  #filled = 0;

  /** @throws {Error} when a frame is masked, fragmented or uses an extension: the peer does not speak what was agreed. */
  read(chunk: Buffer, handler: FrameHandler): void {
    let at = this.#partial ? this.#complete(chunk, handler) : 0;
    for (;;) {
      const length = frameLength(chunk, at, chunk.length);
      if (length < 0 || at + length > chunk.length) break;
      emit(chunk, at, at + length, handler);
      at += length;
    }
    if (at < chunk.length) this.#keep(chunk, at);
  }

  #keep(chunk: Buffer, at: number): void {
    const length = frameLength(chunk, at, chunk.length);
    this.#partial = Buffer.allocUnsafe(length < 0 ? 10 : length);
    this.#filled = chunk.copy(this.#partial, 0, at);
  }

  /** Fills the frame begun in an earlier chunk; returns how many bytes of this chunk belonged to it. */
  #complete(chunk: Buffer, handler: FrameHandler): number {
    let taken = 0;
    let partial = this.#partial as Buffer;
    let length = frameLength(partial, 0, this.#filled);
    while (length < 0 && taken < chunk.length) {
      partial[this.#filled++] = byteAt(chunk, taken++);
      length = frameLength(partial, 0, this.#filled);
    }
    if (length < 0) return taken;
    if (partial.length < length) {
      const whole = Buffer.allocUnsafe(length);
      partial.copy(whole, 0, 0, this.#filled);
      this.#partial = partial = whole;
    }
    const copied = chunk.copy(partial, this.#filled, taken, Math.min(chunk.length, taken + length - this.#filled));
    this.#filled += copied;
    if (this.#filled === length) {
      this.#partial = null;
      emit(partial, 0, length, handler);
    }
    return taken + copied;
  }
}

/** Bytes of the whole frame that starts at `at`, or -1 while its header has not all come. */
function frameLength(bytes: Buffer, at: number, end: number): number {
  if (end - at < 2) return -1;
  const short = byteAt(bytes, at + 1) & 0x7f;
  if (short < 126) return 2 + short;
  if (short === 126) return end - at < 4 ? -1 : 4 + bytes.readUInt16BE(at + 2);
  return end - at < 10 ? -1 : 10 + Number(bytes.readBigUInt64BE(at + 2));
}

function emit(bytes: Buffer, at: number, end: number, handler: FrameHandler): void {
  const first = byteAt(bytes, at);
  const second = byteAt(bytes, at + 1);
  if ((first & 0xf0) !== FINAL || second >= MASKED) throw new Error('a frame is masked, fragmented or compressed');
  const short = second & 0x7f;
  handler.frame(first & 0x0f, bytes, at + (short < 126 ? 2 : short === 126 ? 4 : 10), end);
}

/** The byte at an index that is known to lie inside. */
export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}
