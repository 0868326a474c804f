import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { ImageProbe, type Probed } from './image-probe.ts';

/** Looks at bytes in pieces of `piece`. */
function probe(bytes: Uint8Array, piece = bytes.length || 1): Probed {
  const probed = new ImageProbe();
  for (let at = 0; at < bytes.length; at += piece) probed.push(bytes.subarray(at, at + piece));
  return probed.end();
}

const latin = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const join = (...parts: (string | readonly number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => [...(typeof part === 'string' ? latin(part) : part)]));
const u16 = (n: number) => [n >> 8, n & 255];
const u16le = (n: number) => [n & 255, n >> 8];
const u24le = (n: number) => [n & 255, (n >> 8) & 255, n >> 16];
const u32 = (n: number) => [...u16(n >>> 16), ...u16(n & 0xffff)];

const png = join('\x89PNG\r\n\x1a\n', u32(13), 'IHDR', u32(640), u32(480), [8, 6, 0, 0, 0]);
const gif = join('GIF89a', u16le(640), u16le(480), [0, 0, 0]);
const webp = {
  lossy: join('RIFF', u32(0), 'WEBPVP8 ', u32(0), [0, 0, 0, 0x9d, 0x01, 0x2a], u16le(640), u16le(480 | 0x4000)),
  lossless: join('RIFF', u32(0), 'WEBPVP8L', u32(0), [0x2f, ...bits(639 | (479 << 14))], [0, 0, 0, 0, 0]),
  extended: join('RIFF', u32(0), 'WEBPVP8X', u32(0), [0, 0, 0, 0], u24le(639), u24le(479)),
};

function bits(n: number): number[] {
  return [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24];
}

const segment = (marker: number, body: readonly number[]) => [0xff, marker, ...u16(body.length + 2), ...body];
const frame = segment(0xc2, [8, ...u16(480), ...u16(640), 3]);
const exif = (orientation: number) =>
  segment(0xe1, [...join('Exif\0\0', 'MM\0*', u32(8), u16(1), u16(0x0112), u16(3), u32(1), u16(orientation), u16(0))]);
const jpeg = (...segments: number[][]) => Uint8Array.from([0xff, 0xd8, ...segments.flat()]);

describe('the bytes of a file', () => {
  // proves AT-12
  test.each([
    ['PNG', 'image/png', png],
    ['GIF', 'image/gif', gif],
    ['lossy WebP', 'image/webp', webp.lossy],
    ['lossless WebP', 'image/webp', webp.lossless],
    ['extended WebP', 'image/webp', webp.extended],
    ['JPEG', 'image/jpeg', jpeg(frame)],
    ['JPEG behind long segments', 'image/jpeg', jpeg(segment(0xe0, Array(65_000).fill(0xff)), exif(1), frame)],
  ])('of a %s say what it is and how large', (_, type, bytes) => {
    for (const piece of [bytes.length, 1, 7]) expect(probe(bytes, piece)).toEqual({ type, width: 640, height: 480 });
  });

  // proves AT-12
  test('of a photo that was taken upright are measured as it is shown', () => {
    expect(probe(jpeg(exif(6), frame))).toEqual({ type: 'image/jpeg', width: 480, height: 640 });
    expect(probe(jpeg(exif(3), frame))).toEqual({ type: 'image/jpeg', width: 640, height: 480 });
  });

  test.each([
    ['image/svg+xml', '<?xml version="1.0"?>\n<!-- a -->\n<svg xmlns="x">'],
    ['image/avif', '\0\0\0\x20ftypavif'],
    ['image/heic', '\0\0\0\x20ftypheic'],
    ['image/bmp', 'BM12'],
  ])('of %s are known without a size', (type, text) => {
    expect(probe(latin(text))).toEqual({ type });
  });

  test.each([
    ['a page', '<html><svg></svg></html>'],
    ['a video', '\0\0\0\x20ftypisom'],
    ['text', 'hello'],
    ['nothing', ''],
  ])('of %s are no image', (_, text) => {
    expect(probe(latin(text)).type).toBeNull();
  });

  // proves AT-12
  test('that end early, or say a size no image has, give none', () => {
    expect(probe(png.subarray(0, 20))).toEqual({ type: 'image/png' });
    expect(probe(jpeg(frame.slice(0, 6)))).toEqual({ type: 'image/jpeg' });
    expect(probe(join('\x89PNG\r\n\x1a\n', u32(13), 'IHDR', u32(0), u32(480)))).toEqual({ type: 'image/png' });
    expect(probe(join('\x89PNG\r\n\x1a\n', u32(13), 'IHDR', u32(70_000), u32(480)))).toEqual({ type: 'image/png' });
  });

  // proves AT-12
  test('may be anything: looking at them never fails, and pieces change nothing', () => {
    const starts = [png, gif, webp.lossy, webp.extended, jpeg(), jpeg(exif(6)), new Uint8Array(0)];
    fc.assert(
      fc.property(
        fc.constantFrom(...starts),
        fc.uint8Array({ maxLength: 600 }),
        fc.integer({ min: 1, max: 50 }),
        (start, rest, piece) => {
          const bytes = Uint8Array.from([...start, ...rest]);
          expect(probe(bytes, piece)).toEqual(probe(bytes));
        },
      ),
      { numRuns: 300 },
    );
  });
});
