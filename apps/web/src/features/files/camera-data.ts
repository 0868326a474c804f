/** Markers of a JPEG (ITU-T T.81, table B.1). */
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const COMMENT = 0xfe;
const APP0 = 0xe0;
const APP2 = 0xe2;
const APP14 = 0xee;
const APP15 = 0xef;

/**
 * A JPEG without what a camera wrote into it: Exif with place, time and device, XMP, IPTC, comments, and whatever stands
 * behind the picture, as the film of a moving photo does. What is needed to show it stays: its colours (ICC, Adobe) and JFIF.
 * `null`: it is no JPEG, or one that ends early.
 */
export function withoutCameraData(jpeg: Uint8Array): Uint8Array<ArrayBuffer> | null {
  if (jpeg[0] !== 0xff || jpeg[1] !== SOI) return null;
  const kept: Uint8Array[] = [jpeg.subarray(0, 2)];
  let at = 2;
  while (at + 1 < jpeg.length) {
    const marker = jpeg[at + 1] ?? 0;
    if (jpeg[at] !== 0xff) return null;
    // Fill bytes may stand before any marker.
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === EOI) return joined([...kept, jpeg.subarray(at, at + 2)]);
    const length = ((jpeg[at + 2] ?? 0) << 8) | (jpeg[at + 3] ?? 0);
    const end = marker === SOS ? endOfScan(jpeg, at + 2 + length) : at + 2 + length;
    if (length < 2 || end > jpeg.length) return null;
    if (isNeeded(marker, jpeg.subarray(at + 4, end))) kept.push(jpeg.subarray(at, end));
    at = end;
  }
  return null;
}

function isNeeded(marker: number, body: Uint8Array): boolean {
  if (marker === COMMENT) return false;
  if (marker < APP0 || marker > APP15 || marker === APP14) return true;
  const name = new TextDecoder('latin1').decode(body.subarray(0, 11));
  return marker === APP0 ? name.startsWith('JFIF') : marker === APP2 && name === 'ICC_PROFILE';
}

/** Where the next marker after the coded data of a scan stands: one that is neither a stuffed byte nor a restart. */
function endOfScan(jpeg: Uint8Array, from: number): number {
  for (let at = from; at + 1 < jpeg.length; at++) {
    const next = jpeg[at + 1] ?? 0;
    if (jpeg[at] === 0xff && next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  return Number.POSITIVE_INFINITY;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
