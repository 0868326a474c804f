import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { withoutCameraData } from './camera-data.ts';

const segment = (marker: number, text: string): Buffer => {
  const body = Buffer.from(text, 'latin1');
  return Buffer.concat([Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 0xff]), body]);
};
const START = Buffer.from([0xff, 0xd8]);
const END = Buffer.from([0xff, 0xd9]);
const JFIF = segment(0xe0, 'JFIF\0\x01\x02');
const COLOURS = segment(0xe2, 'ICC_PROFILE\0\x01\x01profile');
const ADOBE = segment(0xee, 'Adobe\0d');
const TABLES = segment(0xdb, 'quantisation');
/** Two scans, with a stuffed byte, a restart and tables between, as a progressive picture has. */
const SCANS = Buffer.concat([
  segment(0xda, 'head'),
  Buffer.from([1, 2, 0xff, 0x00, 3, 0xff, 0xd4, 4]),
  segment(0xc4, 'huffman'),
  segment(0xda, 'head'),
  Buffer.from([5, 6, 7]),
]);
const SECRETS = [
  segment(0xe1, 'Exif\0\0MM GPS 41.2865S'),
  segment(0xe1, 'http://ns.adobe.com/xap/1.0/\0 GPS'),
  segment(0xed, 'Photoshop 3.0\0 GPS'),
  segment(0xe2, 'MPF\0 GPS'),
  segment(0xe0, 'JFXX GPS'),
  segment(0xfe, 'taken at GPS'),
];
const clean = Buffer.concat([START, JFIF, COLOURS, ADOBE, TABLES, SCANS, END]);

// proves AP-23
test('place, time, comments and what stands behind the picture go; what shows it stays, byte for byte', () => {
  const film = Buffer.from('ftypmp42 GPS', 'latin1');
  const [a, b, c, d, e, f] = SECRETS as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
  const dirty = Buffer.concat([START, a, JFIF, b, c, COLOURS, ADOBE, d, e, TABLES, f, SCANS, END, film]);
  const bare = withoutCameraData(dirty);
  expect(Buffer.from(bare ?? []).equals(clean)).toBe(true);
  expect(Buffer.from(withoutCameraData(clean) ?? []).equals(clean)).toBe(true);
});

test('what is no JPEG, or ends early, is refused whole', () => {
  expect(withoutCameraData(Buffer.from('GIF89a'))).toBeNull();
  for (let length = 0; length < clean.length; length++) expect(withoutCameraData(clean.subarray(0, length))).toBeNull();
});

// proves AP-23
test('nothing of a camera passes, wherever it stands, and no bytes make it fail', () => {
  const parts = fc.array(fc.constantFrom(...SECRETS, JFIF, COLOURS, TABLES, SCANS), { maxLength: 12 });
  fc.assert(
    fc.property(parts, (some) => {
      const bare = withoutCameraData(Buffer.concat([START, ...some, END]));
      expect(bare).not.toBeNull();
      expect(Buffer.from(bare ?? []).includes('GPS')).toBe(false);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      withoutCameraData(Buffer.concat([START, bytes]));
    }),
  );
});
