/** Bytes of an Exif segment looked at: its first directory, where the orientation stands, lies at its beginning. */
const EXIF_BYTES = 2048;
const ORIENTATION = 0x0112;
/** Orientations from here on are turned by 90°: what is kept as width is shown as height. */
const FIRST_TURNED = 5;

/**
 * Finds the size of a JPEG while its bytes pass: skips segments, however long, until the frame header. Exif's orientation
 * is taken into account. Keeps at most 2 KB.
 */
export class JpegSize {
  /** Where in a marker segment the next byte stands. */
  #state: 'start' | 'marker' | 'header' | 'body' | 'done' = 'start';
  #marker = 0;
  #kept: number[] = [];
  /** Bytes of the present segment still to come. */
  #left = 0;
  #isTurned = false;
  #size: { readonly width: number; readonly height: number } | null = null;

  get size(): { readonly width: number; readonly height: number } | null {
    if (!this.#size || !this.#isTurned) return this.#size;
    return { width: this.#size.height, height: this.#size.width };
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#state !== 'done'; ) {
      at += this.#state === 'body' ? this.#takeBody(bytes.subarray(at)) : this.#takeByte(bytes[at] ?? 0);
    }
  }

  #takeByte(byte: number): 1 {
    this.#kept.push(byte);
    switch (this.#state) {
      case 'start':
        if (this.#kept.length === 2) this.#enter(this.#kept[0] === 0xff && byte === 0xd8 ? 'marker' : 'done');
        break;
      case 'marker':
        // Any number of 0xff may stand before a marker.
        if (byte === 0xff) this.#kept = [byte];
        else if (this.#kept.length === 1) this.#enter('done');
        else this.#begin(byte);
        break;
      case 'header':
        if (this.#kept.length === 2) {
          this.#left = (((this.#kept[0] ?? 0) << 8) | byte) - 2;
          this.#enter(this.#left < 0 ? 'done' : this.#left === 0 ? 'marker' : 'body');
        }
        break;
    }
    return 1;
  }

  #begin(marker: number): void {
    this.#marker = marker;
    const isAlone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    // The scan begins, or the image ends: no frame header came.
    const isOver = marker === 0xda || marker === 0xd9 || marker === 0x00;
    this.#enter(isOver ? 'done' : isAlone ? 'marker' : 'header');
  }

  #takeBody(bytes: Uint8Array): number {
    const taken = Math.min(this.#left, bytes.length);
    const wanted = isFrame(this.#marker) ? 5 : this.#marker === 0xe1 ? EXIF_BYTES : 0;
    for (let n = 0; n < taken && this.#kept.length < wanted; n++) this.#kept.push(bytes[n] ?? 0);
    this.#left -= taken;
    if (this.#left === 0) this.#finish();
    return taken;
  }

  #finish(): void {
    const view = new DataView(Uint8Array.from(this.#kept).buffer);
    if (isFrame(this.#marker)) {
      if (view.byteLength >= 5) this.#size = { height: view.getUint16(1), width: view.getUint16(3) };
      return this.#enter('done');
    }
    if (this.#marker === 0xe1) this.#isTurned ||= orientationOf(view) >= FIRST_TURNED;
    this.#enter('marker');
  }

  #enter(state: 'marker' | 'header' | 'body' | 'done'): void {
    this.#state = state;
    this.#kept = [];
  }
}

/** SOF0 to SOF15, without the three numbers in between that mean something else. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** The orientation of an Exif segment (TIFF 6.0 directory), 1 to 8; 1 when it says none. */
function orientationOf(segment: DataView): number {
  const u8 = (at: number) => (at < segment.byteLength ? segment.getUint8(at) : 0);
  if (u8(0) !== 0x45 || u8(1) !== 0x78 || u8(2) !== 0x69 || u8(3) !== 0x66) return 1;
  const little = u8(6) === 0x49;
  const u16 = (at: number) => (at + 2 <= segment.byteLength ? segment.getUint16(at, little) : 0);
  const u32 = (at: number) => (at + 4 <= segment.byteLength ? segment.getUint32(at, little) : 0);
  const directory = 6 + u32(10);
  const count = Math.min(u16(directory), EXIF_BYTES / 12);
  for (let n = 0; n < count; n++) {
    const entry = directory + 2 + n * 12;
    if (u16(entry) === ORIENTATION) return u16(entry + 8);
  }
  return 1;
}
