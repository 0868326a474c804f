import {
  extend,
  FRAME_HEADER_BYTES,
  HEADER_BYTES,
  headerHolds,
  isCurrent,
  matches,
  validEnd,
  type Wal,
} from './wal-scan.ts';

/**
 * Makes a damaged WAL replayable again, damage included, by computing its checksums anew up to the last commit that was surely
 * acknowledged: one a later frame follows, or one whose own frames are intact. What the damage hit is then one page, which the
 * rows' checksums and SQLite's own notice; left alone, SQLite would drop every later commit and, where some of them had been
 * copied into the database already, put older pages over newer ones.
 * @returns the file to put in its place, or `null` when nothing beyond SQLite's own valid end can be kept
 */
export function repairWal(file: Uint8Array): Uint8Array | null {
  const copy = Uint8Array.from(file);
  const view = new DataView(copy.buffer);
  if (!headerHolds(view)) return null;
  const pageSize = view.getUint32(8) === 1 ? 65_536 : view.getUint32(8);
  const littleEndian = (view.getUint32(0) & 1) === 0;
  const wal: Wal = { view, littleEndian, frameBytes: FRAME_HEADER_BYTES + pageSize };
  const end = lastSureCommit(wal);
  if (end <= validEnd(wal)) return null;
  seal(wal, end);
  return copy.subarray(0, end);
}

/** Where the last commit ends that was surely acknowledged. */
function lastSureCommit(wal: Wal): number {
  const { view, frameBytes } = wal;
  let sure = HEADER_BYTES;
  let pending: number | null = null;
  let intact = true;
  for (let at = HEADER_BYTES; at + frameBytes <= view.byteLength && isCurrent(view, at); at += frameBytes) {
    if (view.getUint32(at) === 0) break;
    if (pending !== null) sure = pending;
    pending = null;
    intact &&= followsPredecessor(wal, at);
    if (view.getUint32(at + 4) === 0) continue;
    if (intact) sure = at + frameBytes;
    else pending = at + frameBytes;
    intact = true;
  }
  return sure;
}

/** Whether the frame fits the checksum written in the frame, or header, before it. */
function followsPredecessor(wal: Wal, at: number): boolean {
  const { view, frameBytes } = wal;
  const before = at === HEADER_BYTES ? 24 : at - frameBytes + 16;
  return matches(frameSum(wal, at, [view.getUint32(before), view.getUint32(before + 4)]), view, at + 16);
}

function seal(wal: Wal, end: number): void {
  const { view, frameBytes } = wal;
  let sum: readonly [number, number] = [view.getUint32(24), view.getUint32(28)];
  for (let at = HEADER_BYTES; at < end; at += frameBytes) {
    view.setUint32(at + 8, view.getUint32(16));
    view.setUint32(at + 12, view.getUint32(20));
    sum = frameSum(wal, at, sum);
    view.setUint32(at + 16, sum[0]);
    view.setUint32(at + 20, sum[1]);
  }
}

function frameSum(wal: Wal, at: number, from: readonly [number, number]): readonly [number, number] {
  const afterHeader = extend(from, wal, at, 8);
  return extend(afterHeader, wal, at + FRAME_HEADER_BYTES, wal.frameBytes - FRAME_HEADER_BYTES);
}
