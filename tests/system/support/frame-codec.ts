/** WebSocket framing (RFC 6455 §5.2), as plain as a test needs it: every field can be set wrong. */
export interface RawFrame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly fin: boolean;
  readonly rsv1: boolean;
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameFields {
  readonly opcode?: number;
  readonly fin?: boolean;
  /** Set on the first frame of a compressed message (RFC 7692). */
  readonly rsv1?: boolean;
  /** Clients must mask; the key is zero, which is allowed and leaves the bytes as they are. */
  readonly masked?: boolean;
}

export function encodeFrame(payload: string | Uint8Array, fields: FrameFields = {}): Buffer {
  const { opcode = OPCODE.text, fin = true, rsv1 = false, masked = true } = fields;
  const body = Buffer.from(payload);
  const mask = masked ? 0x80 : 0;
  const first = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode;
  const key = Buffer.alloc(masked ? 4 : 0);
  if (body.length < 126) return Buffer.concat([Buffer.of(first, mask | body.length), key, body]);
  if (body.length < 65_536)
    return Buffer.concat([Buffer.of(first, mask | 126, body.length >> 8, body.length & 0xff), key, body]);
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = mask | 127;
  head.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([head, key, body]);
}

/** Takes the bytes of a server apart into frames; what is not complete yet waits for more. */
export class FrameReader {
  #waiting: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): RawFrame[] {
    this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    const frames: RawFrame[] = [];
    for (let frame = this.#take(); frame; frame = this.#take()) frames.push(frame);
    return frames;
  }

  #take(): RawFrame | null {
    const bytes = this.#waiting;
    const [first, second] = bytes;
    if (first === undefined || second === undefined) return null;
    const short = second & 0x7f;
    const head = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length < head) return null;
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
    if (bytes.length < head + length) return null;
    this.#waiting = bytes.subarray(head + length);
    const payload = bytes.subarray(head, head + length);
    return { opcode: first & 0x0f, fin: (first & 0x80) !== 0, rsv1: (first & 0x40) !== 0, payload };
  }
}
