import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** A frame on the wire: one or more pieces, each a byte of marks and up to `PIECE_BYTES` of the frame. */
const MORE = 1;
const COMPRESSED = 2;

/** Small enough for a socket that takes 64 KiB. */
export const PIECE_BYTES = 32 * 1024;
/** Largest frame, as it is and compressed: a command that notifies 16,384 people has 1.5 MB. */
export const FRAME_BYTES = 32 * 1024 * 1024;
/** Below this, compression costs more than it saves. */
const WORTH_COMPRESSING = 512;

/** The other side sent what is no frame: the connection is of no further use. */
export class UplinkProtocolError extends Error {
  override readonly name = 'UplinkProtocolError';
}

/** Frames as pieces. The JSON is compressed where that pays. */
export function encodePieces(frame: object): Uint8Array<ArrayBuffer>[] {
  const json = Buffer.from(JSON.stringify(frame));
  if (json.length > FRAME_BYTES) throw new UplinkProtocolError(`a frame of ${json.length} bytes`);
  const isCompressed = json.length >= WORTH_COMPRESSING;
  const body = isCompressed ? zstdCompressSync(json) : json;
  const marks = isCompressed ? COMPRESSED : 0;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let from = 0; from < body.length; from += PIECE_BYTES) {
    const part = body.subarray(from, from + PIECE_BYTES);
    const piece = new Uint8Array(part.length + 1);
    piece[0] = from + PIECE_BYTES < body.length ? marks | MORE : marks;
    piece.set(part, 1);
    pieces.push(piece);
  }
  return pieces;
}

/** Puts pieces together again. Of a peer that has not proved itself it takes little. */
export class PieceReader {
  readonly #limit: () => number;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** @param limit bytes that a frame may have now, compressed and not */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /**
   * @returns the frame that this piece ends, or `null` while there is more to come
   * @throws {UplinkProtocolError}
   */
  push(piece: Uint8Array): { readonly t: string } | null {
    const [marks] = piece;
    if (marks === undefined) throw new UplinkProtocolError('an empty piece');
    this.#bytes += piece.length;
    if (this.#bytes > this.#limit()) throw new UplinkProtocolError('a frame that is too large');
    this.#parts.push(piece.subarray(1));
    if ((marks & MORE) !== 0) return null;
    const body = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    return parseFrame((marks & COMPRESSED) === 0 ? body : inflate(body, this.#limit()));
  }
}

function inflate(body: Uint8Array, limit: number): Buffer {
  try {
    return zstdDecompressSync(body, { maxOutputLength: limit });
  } catch (cause) {
    throw new UplinkProtocolError('a frame that cannot be unpacked', { cause });
  }
}

function parseFrame(json: Buffer): { readonly t: string } {
  let frame: unknown;
  try {
    frame = JSON.parse(json.toString('utf8'));
  } catch (cause) {
    throw new UplinkProtocolError('a frame that is no JSON', { cause });
  }
  if (typeof frame === 'object' && frame !== null && 't' in frame && typeof frame.t === 'string')
    return frame as { readonly t: string };
  throw new UplinkProtocolError('a frame without a kind');
}
