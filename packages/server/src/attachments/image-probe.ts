import { JpegSize } from './jpeg-size.ts';

/** What the bytes of a file say it is. */
export interface Probed {
  /** Media type of an image; `null`: no image that is known here. */
  readonly type: string | null;
  /** As shown, in pixels; absent when the file does not say, or says what no image has. */
  readonly width?: number;
  readonly height?: number;
}

/** Bytes looked at from the beginning of a file; JPEG alone is followed further. */
const HEAD = 4096;

/**
 * Looks at the bytes of a file as they pass, and keeps no more than the first 4 KB of them (a JPEG's marker segments are
 * skipped, not kept).
 */
export class ImageProbe {
  readonly #head = new Uint8Array(HEAD);
  #filled = 0;
  readonly #jpeg = new JpegSize();

  push(bytes: Uint8Array): void {
    const part = bytes.subarray(0, HEAD - this.#filled);
    this.#head.set(part, this.#filled);
    this.#filled += part.length;
    this.#jpeg.push(bytes);
  }

  end(): Probed {
    const head = this.#head.subarray(0, this.#filled);
    const type = typeOf(head);
    const size = type === 'image/jpeg' ? this.#jpeg.size : type === null ? null : SIZES[type]?.(viewOf(head));
    return size && isPixels(size.width) && isPixels(size.height) ? { type, ...size } : { type };
  }
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function isPixels(count: number): boolean {
  return count >= 1 && count <= 65_535;
}

/** By what stands at the beginning of a file. */
function typeOf(head: Uint8Array): string | null {
  const text = latin(head.subarray(0, 64));
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'image/gif';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'image/webp';
  if (text.startsWith('BM')) return 'image/bmp';
  if (text.startsWith('II*\0') || text.startsWith('MM\0*')) return 'image/tiff';
  if (text.startsWith('\0\0\x01\0')) return 'image/x-icon';
  if (text.slice(4, 8) === 'ftyp') return BRANDS[text.slice(8, 12)] ?? null;
  return isSvg(latin(head)) ? 'image/svg+xml' : null;
}

/** Major brands of the ISO base media format that are images. */
const BRANDS: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  avis: 'image/avif',
  heic: 'image/heic',
  heix: 'image/heic',
  mif1: 'image/heif',
  msf1: 'image/heif',
};

function isSvg(head: string): boolean {
  return /^(?:\xef\xbb\xbf)?\s*(?:<\?xml|<!--|<!DOCTYPE svg|<svg)/i.test(head) && /<svg[\s>]/i.test(head);
}

const SIZES: Readonly<Record<string, (head: DataView) => Size | null>> = {
  'image/png': (head) => (head.byteLength < 24 ? null : { width: head.getUint32(16), height: head.getUint32(20) }),
  'image/gif': (head) =>
    head.byteLength < 10 ? null : { width: head.getUint16(6, true), height: head.getUint16(8, true) },
  'image/webp': webpSize,
};

/** The three forms of WebP: lossy, lossless, extended. */
function webpSize(head: DataView): Size | null {
  if (head.byteLength < 30) return null;
  switch (latin(new Uint8Array(head.buffer, head.byteOffset + 12, 4))) {
    case 'VP8 ':
      return { width: head.getUint16(26, true) & 0x3fff, height: head.getUint16(28, true) & 0x3fff };
    case 'VP8L': {
      const bits = head.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { width: (head.getUint32(24, true) & 0xffffff) + 1, height: (head.getUint32(26, true) >>> 8) + 1 };
    default:
      return null;
  }
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
