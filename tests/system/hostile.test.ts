import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { deflateRawSync } from 'node:zlib';
import { LIMITS } from '@konferenco/protocol';
import { TestServer } from '@konferenco/testkit';
import { OPCODE } from './support/frame-codec.ts';
import { HonestPeople } from './support/honest.ts';
import { newId, Peer, textEnvelope } from './support/peer.ts';
import { RawSocket, upgradeText, type UpgradeRequest } from './support/raw-socket.ts';
import { residentBytes } from './support/resident.ts';
import { until } from './support/until.ts';

const MB = 1_048_576;
let server: TestServer;
let honest: HonestPeople;

beforeAll(async () => {
  // Without rates and digests nothing but its bounds protects the server, and the honest people may talk all the time.
  server = await TestServer.start({
    storage: 'disk',
    rateLimits: false,
    env: { KONFERENCO_DIGEST_RATE: '1000000' },
  });
  honest = await HonestPeople.arrive(server, 5);
});

afterAll(async () => {
  await honest.leave();
  expect(honest.failures).toEqual([]);
  expect(residentBytes(server.pid ?? 0)).toBeLessThan(300 * MB);
  await server.stop();
}, 180_000);

const attacker = (user = 'mallory') => Peer.connect({ user, port: server.port });
const upgrade = (request: Omit<UpgradeRequest, 'port'>) => RawSocket.open({ ...request, port: server.port });

/** The error frame that answers `bytes`. */
async function errorFor(bytes: string | Uint8Array, opcode: number = OPCODE.text): Promise<string> {
  const peer = await attacker();
  peer.socket.send(bytes, { opcode });
  await until(() => peer.frames.some((frame) => frame.type === 'error'), 'the frame is refused');
  const frame = peer.frames.find((each) => each.type === 'error');
  expect(peer.socket.isOpen).toBe(true);
  peer.socket.cut();
  return frame?.type === 'error' ? frame.error : '';
}

describe('what is no frame is refused and costs nobody else anything', () => {
  const publish = (envelope: string) => `{"type":"publish","ref":1,"envelope":${envelope}}`;
  const payload = (json: string) =>
    publish(
      JSON.stringify(textEnvelope({ from: 'mallory', to: { type: 'channel', id: 'hall' }, text: 'x' })).replace(
        /"payload":\{[^}]*\}/,
        `"payload":${json}`,
      ),
    );

  test.each([
    ['text that is not JSON', 'hello?', 'malformed'],
    ['nothing at all', '', 'malformed'],
    ['a JSON array', '[1,2,3]', 'malformed'],
    ['an unknown frame type', '{"type":"shutdown"}', 'malformed'],
    ['a type from the prototype', '{"type":"__proto__"}', 'malformed'],
    ['30,000 levels of brackets', '['.repeat(30_000) + ']'.repeat(30_000), 'malformed'],
    ['60,000 brackets never closed', `{"type":${'['.repeat(60_000)}`, 'malformed'],
    ['a number beyond all bounds', '{"type":"ack","inbox":1e999}', 'invalid'],
    ['an offset of 400 digits', `{"type":"ack","inbox":${'9'.repeat(400)}}`, 'invalid'],
    ['a negative offset', '{"type":"ack","inbox":-1}', 'invalid'],
    ['a ref of 400 digits', `{"type":"hello","ref":1${'0'.repeat(400)}}`, 'invalid'],
  ])('%s', async (_, text, error) => {
    expect(await errorFor(text)).toBe(error);
  });

  test('a binary frame is malformed, whatever it holds', async () => {
    expect(await errorFor('{"type":"heartbeat","nonce":1}', OPCODE.binary)).toBe('malformed');
  });

  test('a payload that JSON cannot keep as it is, is refused', async () => {
    const peer = await attacker();
    for (const json of [
      '{"text":"\\ud800"}',
      `{"text":"x","deep":${'['.repeat(40)}${']'.repeat(40)}}`,
      '{"text":"x","n":1e999}',
    ]) {
      peer.say(payload(json));
      await until(() => peer.frames.length === 1, 'it is refused');
      expect(peer.frames.splice(0)).toMatchObject([{ type: 'error', error: 'invalid' }]);
    }
    peer.socket.cut();
  });

  test('of a key given twice the last counts, for the check as for what is stored', async () => {
    const peer = await attacker();
    const envelope = JSON.stringify(textEnvelope({ from: 'mallory', to: { type: 'channel', id: 'twice' }, text: 'x' }));
    const twice = envelope.replace('"from":{', '"from":{"user_id":"honest-0"},"from":{');
    peer.say(publish(twice));
    await until(async () => (await peer.readAll('ch:twice')).length === 1, 'it is stored');
    expect((await peer.readAll('ch:twice'))[0]?.envelope?.from).toEqual({ user_id: 'mallory' });
    peer.say(publish(envelope.replace('"from":{', '"from":{"user_id":"mallory"},"from":{"user_id":"honest-0"},"x":{')));
    await until(() => peer.frames.some((frame) => frame.type === 'error'), 'the other order is refused');
    peer.socket.cut();
  });
});

describe('what is no WebSocket is cut', () => {
  /** How the server ends a connection that sends this. */
  async function endFor(send: (socket: RawSocket) => void, headers: Record<string, string> = {}) {
    const socket = await upgrade({ path: '/ws?token=mallory', headers });
    expect(socket.isOpen).toBe(true);
    send(socket);
    return socket.ended;
  }

  test('text that is not UTF-8', async () => {
    const { code } = await endFor((socket) => socket.send(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])));
    expect([1007, null]).toContain(code);
  });

  // proves GW-10
  test('a message of 250 KB', async () => {
    const { code } = await endFor((socket) => socket.send('x'.repeat(250_000)));
    expect([1009, 1006, null]).toContain(code);
  });

  test('a message in pieces without end', async () => {
    const { code } = await endFor((socket) => {
      socket.send('x'.repeat(1000), { fin: false });
      for (let i = 0; i < 1000; i++) socket.send('x'.repeat(1000), { opcode: OPCODE.continuation, fin: false });
    });
    expect([1009, 1006, null]).toContain(code);
  });

  test.each([
    ['a frame without a mask', (socket: RawSocket) => socket.send('{}', { masked: false })],
    ['a reserved opcode', (socket: RawSocket) => socket.send('{}', { opcode: 3 })],
    ['a compressed frame nobody agreed on', (socket: RawSocket) => socket.send('{}', { rsv1: true })],
    ['a continuation of nothing', (socket: RawSocket) => socket.send('{}', { opcode: OPCODE.continuation })],
    ['a ping in pieces', (socket: RawSocket) => socket.send('{}', { opcode: OPCODE.ping, fin: false })],
    ['a ping of 1 KB', (socket: RawSocket) => socket.send('x'.repeat(1000), { opcode: OPCODE.ping })],
  ])('%s', async (_, send) => {
    const { code } = await endFor(send);
    expect([1002, 1006, null]).toContain(code);
  });

  test('a compressed message that inflates past the frame size', async () => {
    const bomb = deflateRawSync(Buffer.alloc(40 * MB, 'a'));
    expect(bomb.length).toBeLessThan(LIMITS.frame_bytes);
    const { code } = await endFor((socket) => socket.send(bomb, { rsv1: true }), {
      'Sec-WebSocket-Extensions': 'permessage-deflate',
    });
    expect([1009, 1007, 1002, 1006, null]).toContain(code);
  });
});

describe('at the door', () => {
  test.each([
    ['another subprotocol', { path: '/ws?token=mallory', protocol: 'graphql-ws' }, 400],
    ['a page of a foreign origin', { path: '/ws?token=mallory', headers: { Origin: 'https://evil.example' } }, 403],
    ['a page without an origin of its own', { path: '/ws?token=mallory', headers: { Origin: 'null' } }, 403],
    ['no credentials', { path: '/ws' }, 401],
    ['a ticket nobody issued', { path: `/ws?ticket=${'A'.repeat(80)}` }, 401],
    ['a name that is none', { path: '/ws?token=%00%01' }, 401],
  ])('%s is turned away', async (_, request, status) => {
    const socket = await upgrade(request);
    expect((await socket.answered).status).toBe(status);
    socket.cut();
  });

  // proves GW-2
  test('a bare name and no subprotocol come in, in short frames', async () => {
    const socket = await upgrade({ path: '/ws?token=mallory', protocol: null });
    expect((await socket.answered).status).toBe(101);
    socket.cut();
  });

  test('who upgrades and then says no hello is cut after 3 s', async () => {
    const socket = await upgrade({ path: '/ws?token=mallory' });
    expect((await socket.ended).code).toBe(4003);
  }, 90_000);

  test('frames before the hello are refused', async () => {
    const peer = await Peer.upgrade({ user: 'mallory', port: server.port });
    expect(await peer.refused('subscribe', { logs: ['ch:hall'] })).toMatchObject({ error: 'unexpected_frame' });
    expect(
      await peer.refused('publish', {
        envelope: textEnvelope({ from: 'mallory', to: { type: 'channel', id: 'hall' }, text: 'x' }),
      }),
    ).toMatchObject({
      error: 'unexpected_frame',
    });
    peer.socket.cut();
  });

  test('2,000 handshakes that dribble leave room for everybody else', async () => {
    const before = residentBytes(server.pid ?? 0);
    const text = upgradeText({ path: '/ws?token=mallory', port: server.port });
    const slow = Array.from({ length: 2000 }, () => new RawSocket(server.port));
    for (let at = 0; at < 20; at++) {
      for (const socket of slow) socket.write(text.slice(at, at + 1));
      await Bun.sleep(50);
    }
    const guest = await Peer.connect({ user: 'guest', port: server.port });
    await guest.publish({ type: 'channel', id: 'honest-talk' }, 'came in all the same');
    guest.socket.cut();
    expect(residentBytes(server.pid ?? 0) - before).toBeLessThan(100 * MB);
    for (const socket of slow) socket.cut();
  }, 120_000);
});

// proves GW-11
test('a flood of frames is refused with a time to come back, then ends with 4101', async () => {
  const limited = await TestServer.start({ storage: 'disk' });
  const neighbours = await Promise.all(['ana', 'bea'].map((user) => Peer.connect({ user, port: limited.port })));
  const peer = await Peer.connect({ user: 'mallory', port: limited.port });
  for (let i = 0; i < 3000; i++) peer.say({ type: 'heartbeat', nonce: i });
  await Promise.all(neighbours.map((each) => each.publish({ type: 'channel', id: 'hall' }, 'undisturbed')));
  expect((await peer.ended).code).toBe(4101);
  const refusals = peer.frames.filter((frame) => frame.type === 'error');
  expect(refusals[0]).toMatchObject({ error: 'rate_limited', retry_after_ms: expect.any(Number) });
  for (const each of neighbours) each.socket.cut();
  await limited.stop();
}, 120_000);

// proves GW-14
test('a reader that never reads costs a bounded amount, and recovers everything by history', async () => {
  const before = residentBytes(server.pid ?? 0);
  const reader = await Peer.connect({ user: 'sloth', port: server.port });
  await reader.ask('subscribe', { logs: ['ch:busy'] });
  reader.socket.tcp.pause();
  const writer = await Peer.connect({ user: 'busy-bee', port: server.port });
  const ids: string[] = [];
  // 24 MB: more than the kernel's buffers and the server's own for one connection take together.
  for (let round = 0; round < 150; round++) {
    const batch = Array.from({ length: 40 }, () => newId());
    ids.push(...batch);
    await Promise.all(batch.map((id) => writer.publish({ type: 'channel', id: 'busy' }, 'x'.repeat(4000), id)));
  }
  const grown = residentBytes(server.pid ?? 0) - before;
  console.log(`a reader that never reads: the server grew by ${Math.round(grown / MB)} MB over 24 MB of messages`);
  expect(grown).toBeLessThan(150 * MB);

  reader.socket.tcp.resume();
  const told = () => reader.frames.some((frame) => frame.type === 'resync' && frame.log === 'ch:busy');
  await until(() => told() || reader.socket.tcp.destroyed, 'it is told to fetch, or cut');
  if (reader.socket.tcp.destroyed) expect((await reader.ended).code).toBe(4001);
  const again = reader.socket.isOpen ? reader : await Peer.connect({ user: 'sloth', port: server.port });
  expect((await again.readAll('ch:busy')).map((item) => item.envelope?.id).sort()).toEqual(ids.sort());
  for (const peer of [reader, again, writer]) peer.socket.cut();
}, 240_000);
