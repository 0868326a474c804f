import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { SyncReply } from '@konferenco/protocol';
import { TestServer } from '@konferenco/testkit';
import { newId, Peer } from './support/peer.ts';

let server: TestServer;
let mere: Peer;

beforeAll(async () => {
  server = await TestServer.start({ storage: 'disk', rateLimits: false });
  mere = await Peer.connect({ port: server.port, user: 'mere' });
});
afterAll(() => server.stop(), 40_000);

const ask = (body: object, encoding?: string): Promise<Response> =>
  fetch(`${server.httpUrl}/api/sync`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: 'Bearer mere',
      'Accept-Encoding': encoding ?? 'identity',
    },
    body: JSON.stringify(body),
    decompress: false,
  });

function favourite(element: string, sequence: number): Promise<unknown> {
  const dot = `mere-phone:${sequence}`;
  const payload = { on: 'favourites', op: 'add', element, dot, at: Date.now() * 256 };
  return mere.request({
    type: 'publish',
    envelope: {
      id: newId(),
      type: 'state',
      subtype: 'operation',
      from: { user_id: 'mere' },
      to: { type: 'user', id: 'mere' },
      payload,
      timestamp: Date.now(),
    },
  });
}

// proves SY-27
test('socket and REST answer a sync alike, and REST in gzip where that is taken and worth it', async () => {
  const empty = (await (await ask({ namespace: 'personal' })).json()) as SyncReply;
  for (let session = 1; session <= 20; session++) {
    expect(await favourite(`session-${session}`, session)).toMatchObject({ log: 'me:mere', offset: session });
  }
  for (const query of [{ namespace: 'personal' }, { namespace: 'personal', since_version: empty.new_version }]) {
    const plain = await ask(query);
    expect(plain.headers.get('content-encoding')).toBeNull();
    const answer = await plain.json();
    expect(await mere.request({ type: 'sync', ...query })).toEqual(answer);
    const packed = await ask(query, 'br, gzip;q=0.5');
    const body = new Uint8Array(await packed.arrayBuffer());
    const text = packed.headers.get('content-encoding') === 'gzip' ? Bun.gunzipSync(body) : body;
    expect(JSON.parse(new TextDecoder().decode(text))).toEqual(answer);
    expect(packed.headers.get('content-encoding')).toBe(JSON.stringify(answer).length > 1024 ? 'gzip' : null);
  }
});

// proves SY-28
test('documents and versions outlive a killed server', async () => {
  const before = (await (await ask({ namespace: 'personal' })).json()) as SyncReply;
  mere.socket.tcp.destroy();
  await server.kill();
  server = await TestServer.start({ storage: 'disk', rateLimits: false, dir: server.dir ?? '' });
  const after = (await (await ask({ namespace: 'personal' })).json()) as SyncReply;
  expect(after).toEqual(before);
  mere = await Peer.connect({ port: server.port, user: 'mere' });
  await favourite('session-21', 21);
  const since = { namespace: 'personal', since_version: before.new_version };
  expect(((await (await ask(since)).json()) as SyncReply).operations?.length).toBe(1);
});
