/** What a look at a write-ahead log found. `damaged`: it holds a commit that SQLite will not replay. */
export type WalFinding = { readonly kind: 'sound' } | { readonly kind: 'damaged'; readonly description: string };

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;
const SOUND: WalFinding = { kind: 'sound' };

type Checksum = readonly [number, number];

/**
 * Looks beyond the end at which SQLite stops replaying a WAL (file format, section 4). SQLite stops at the first frame whose salts or
 * checksum are wrong and says nothing. Where a frame of the same generation with a commit mark stands at or after that place, a
 * commit was damaged, or torn by a power cut before it was acknowledged: the file cannot tell the two apart when it is the last.
 * A torn tail without a commit mark is the normal trace of a crash. Frames of an earlier generation differ in both salts.
 */
export function inspectWal(file: Uint8Array): WalFinding {
  if (file.length <= HEADER_BYTES) return SOUND;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const magic = view.getUint32(0);
  const littleEndian = (magic & 1) === 0;
  const seed = checksum(view, 0, 24, [0, 0], littleEndian);
  const headerHolds = (magic & ~1) === MAGIC && matches(seed, view, 24);
  if (!headerHolds) return inspectHeadless(file);
  const frameBytes = FRAME_HEADER_BYTES + pageSizeOf(view);
  let sum: Checksum = seed;
  let broken: number | null = null;
  for (let at = HEADER_BYTES; at + FRAME_HEADER_BYTES <= file.length; at += frameBytes) {
    if (broken === null) {
      const next = frameChecksum(view, { at, frameBytes, sum, littleEndian });
      if (next && view.getUint32(at + 8) === view.getUint32(16) && view.getUint32(at + 12) === view.getUint32(20)) {
        sum = next;
        continue;
      }
      broken = at;
    }
    const current = view.getUint32(at + 8) === view.getUint32(16) || view.getUint32(at + 12) === view.getUint32(20);
    if (current && view.getUint32(at + 4) !== 0) {
      const frame = (broken - HEADER_BYTES) / frameBytes + 1;
      return damaged(`the write-ahead log is damaged at frame ${frame}, and a commit after it cannot be replayed`);
    }
  }
  return SOUND;
}

/** Without a valid header SQLite ignores the whole file. */
function inspectHeadless(file: Uint8Array): WalFinding {
  return file.some((byte) => byte !== 0)
    ? damaged('the header of the write-ahead log is damaged, and nothing in it can be replayed')
    : SOUND;
}

function damaged(description: string): WalFinding {
  return { kind: 'damaged', description };
}

function pageSizeOf(view: DataView): number {
  const size = view.getUint32(8);
  return size === 1 ? 65_536 : size;
}

/** The running checksum after the frame, or `null` when it is incomplete or does not match. */
function frameChecksum(
  view: DataView,
  frame: { at: number; frameBytes: number; sum: Checksum; littleEndian: boolean },
): Checksum | null {
  const { at, frameBytes, littleEndian } = frame;
  if (at + frameBytes > view.byteLength) return null;
  const afterHeader = checksum(view, at, 8, frame.sum, littleEndian);
  const sum = checksum(view, at + FRAME_HEADER_BYTES, frameBytes - FRAME_HEADER_BYTES, afterHeader, littleEndian);
  return matches(sum, view, at + 16) ? sum : null;
}

/** SQLite's WAL checksum: two sums over pairs of 32-bit words. */
function checksum(view: DataView, at: number, length: number, from: Checksum, littleEndian: boolean): Checksum {
  let [a, b] = from;
  for (let i = at; i < at + length; i += 8) {
    a = (a + view.getUint32(i, littleEndian) + b) >>> 0;
    b = (b + view.getUint32(i + 4, littleEndian) + a) >>> 0;
  }
  return [a, b];
}

function matches(sum: Checksum, view: DataView, at: number): boolean {
  return sum[0] === view.getUint32(at) && sum[1] === view.getUint32(at + 4);
}
