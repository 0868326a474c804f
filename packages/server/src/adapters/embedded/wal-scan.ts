/** What a look at a write-ahead log found. `damaged`: it holds a commit that SQLite will not replay. */
export type WalFinding = { readonly kind: 'sound' } | { readonly kind: 'damaged'; readonly description: string };

export const HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;
const SOUND: WalFinding = { kind: 'sound' };

type Checksum = readonly [number, number];

/** A WAL file with the byte order of its checksums. */
export interface Wal {
  readonly view: DataView;
  readonly littleEndian: boolean;
  readonly frameBytes: number;
}

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
  const wal: Wal = { view, littleEndian: (magic & 1) === 0, frameBytes: FRAME_HEADER_BYTES + pageSizeOf(view) };
  if (!headerHolds(view)) return inspectHeadless(file);
  const end = validEnd(wal);
  for (let at = end; at + FRAME_HEADER_BYTES <= file.length; at += wal.frameBytes) {
    if (isCurrent(view, at) && view.getUint32(at + 4) !== 0) {
      const frame = (end - HEADER_BYTES) / wal.frameBytes + 1;
      return damaged(`the write-ahead log is damaged at frame ${frame}, and a commit from there on cannot be replayed`);
    }
  }
  return SOUND;
}

/** Whether SQLite takes the header for one; otherwise it ignores the file. */
export function headerHolds(view: DataView): boolean {
  const magic = view.getUint32(0);
  const bare = { view, littleEndian: (magic & 1) === 0, frameBytes: 0 };
  return (magic & ~1) === MAGIC && matches(extend([0, 0], bare, 0, 24), view, 24);
}

/** Whether the frame at `at` belongs to the header's generation; one damaged salt does not make it another's. */
export function isCurrent(view: DataView, at: number): boolean {
  return view.getUint32(at + 8) === view.getUint32(16) || view.getUint32(at + 12) === view.getUint32(20);
}

/** Where SQLite stops replaying: the first frame of another generation, incomplete, or with a wrong checksum. */
export function validEnd(wal: Wal): number {
  const { view, frameBytes } = wal;
  const seed: Checksum = [view.getUint32(24), view.getUint32(28)];
  let at = HEADER_BYTES;
  for (let sum = seed; at + frameBytes <= view.byteLength; at += frameBytes) {
    const sameSalts = view.getUint32(at + 8) === view.getUint32(16) && view.getUint32(at + 12) === view.getUint32(20);
    sum = extend(extend(sum, wal, at, 8), wal, at + FRAME_HEADER_BYTES, frameBytes - FRAME_HEADER_BYTES);
    if (!sameSalts || !matches(sum, view, at + 16)) return at;
  }
  return at;
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

/** SQLite's WAL checksum carried on over `length` bytes: two sums over pairs of 32-bit words. */
export function extend(from: Checksum, { view, littleEndian }: Wal, at: number, length: number): Checksum {
  let [a, b] = from;
  for (let i = at; i < at + length; i += 8) {
    a = (a + view.getUint32(i, littleEndian) + b) >>> 0;
    b = (b + view.getUint32(i + 4, littleEndian) + a) >>> 0;
  }
  return [a, b];
}

export function matches(sum: Checksum, view: DataView, at: number): boolean {
  return sum[0] === view.getUint32(at) && sum[1] === view.getUint32(at + 4);
}
