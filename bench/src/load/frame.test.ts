import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { clientFrame, FrameReader, OPCODE } from './frame.ts';
import { upgradeRequest } from './handshake.ts';

function serverFrame(payload: Buffer): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.of(0x81, length), payload]);
  if (length < 65_536) return Buffer.concat([Buffer.of(0x81, 126, length >> 8, length & 255), payload]);
  const header = Buffer.alloc(10);
  header.set([0x81, 127]);
  header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

function readAll(chunks: readonly Buffer[]): string[] {
  const reader = new FrameReader();
  const found: string[] = [];
  const handler = {
    frame: (_opcode: number, bytes: Buffer, start: number, end: number) =>
      void found.push(bytes.toString('hex', start, end)),
  };
  for (const chunk of chunks) reader.read(chunk, handler);
  return found;
}

const small = fc.nat(5);
const large = fc.oneof(fc.integer({ min: 120, max: 130 }), fc.integer({ min: 65_530, max: 65_540 }));
const payloadsOf = (length: fc.Arbitrary<number>) =>
  fc.array(
    length.map((bytes) => Buffer.alloc(bytes, bytes)),
    { maxLength: 6 },
  );

test.each([
  ['small', payloadsOf(small), 40],
  ['large', payloadsOf(fc.oneof(small, large)), 200_000],
] as const)('%s frames come out the same however the stream is cut', (_name, payloads, reach) => {
  fc.assert(
    fc.property(payloads, fc.array(fc.nat(reach), { maxLength: 12 }), (all, cuts) => {
      const stream = Buffer.concat(all.map(serverFrame));
      const edges = [0, ...cuts.filter((cut) => cut < stream.length).toSorted((a, b) => a - b), stream.length];
      const chunks = edges.slice(1).map((edge, at) => stream.subarray(edges[at], edge));
      expect(readAll(chunks)).toEqual(all.map((payload) => payload.toString('hex')));
    }),
  );
});

test('frames come out the same when every byte comes alone', () => {
  const all = [Buffer.alloc(3, 1), Buffer.alloc(300, 2), Buffer.alloc(0)];
  const stream = Buffer.concat(all.map(serverFrame));
  const bytes = Array.from({ length: stream.length }, (_, at) => stream.subarray(at, at + 1));
  expect(readAll(bytes)).toEqual(all.map((payload) => payload.toString('hex')));
});

test('a masked, fragmented or compressed frame is refused', () => {
  const handler = { frame: () => {} };
  for (const head of [
    [0x81, 0x80],
    [0x01, 0],
    [0xc1, 0],
  ]) {
    expect(() => new FrameReader().read(Buffer.from(head), handler)).toThrow('masked, fragmented or compressed');
  }
});

test("a server reads a client's frames of every length", async () => {
  const texts = ['', 'kia ora', 'ā'.repeat(100), 'x'.repeat(70_000)];
  const frames = Buffer.concat(texts.map((text) => clientFrame(OPCODE.text, text, 0xa1b2c3d4)));
  const received: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response(null, { status: 400 })),
    websocket: {
      message(_socket, message) {
        if (received.push(String(message)) === texts.length) resolve();
      },
    },
  });
  const socket = await Bun.connect({ hostname: '127.0.0.1', port: Number(server.port), socket: { data: () => {} } });
  socket.write(Buffer.concat([Buffer.from(upgradeRequest('localhost', { path: '/' })), frames]));
  await promise;
  socket.end();
  expect(received).toEqual(texts);
});
