import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type Harness, type RawClient, startHarness } from './harness.ts';

let h: Harness;
beforeEach(() => {
  h = startHarness();
});
afterEach(() => h.close());

/** Answers heartbeats for as long as the test runs. */
function keepAlive(client: RawClient, answer = (nonce: number) => JSON.stringify({ type: 'heartbeat', nonce })): void {
  let answered = 0;
  const turn = () => {
    const beats = client.of('heartbeat');
    for (const beat of beats.slice(answered)) client.send(answer(beat.nonce));
    answered = beats.length;
    h.clock.after(500, turn);
  };
  turn();
}

describe('time', () => {
  // proves GW-4
  test('a socket without a hello is closed after 3 s', async () => {
    const silent = await h.connect('mere', { hello: false });
    await h.clock.advance(2_500);
    expect(silent.closed).toBeNull();
    await h.clock.advance(2_000);
    expect(silent.closed).toMatchObject({ code: 4003 });
    expect(h.server.node.gateway.connections).toBe(0);
  });

  test('a heartbeat comes every 30 s, and an answered one keeps the connection', async () => {
    const mere = await h.connect('mere');
    keepAlive(mere);
    await h.clock.advance(300_000);
    expect(mere.closed).toBeNull();
    expect(mere.of('heartbeat')).toHaveLength(10);
  });

  test('an answer in other words, or to an old heartbeat, keeps it too, and none of them is refused', async () => {
    const clients = [await h.connect('mere'), await h.connect('rangi')] as const;
    keepAlive(clients[0], (nonce) => `{ "nonce": ${nonce}, "type": "heartbeat" }`);
    keepAlive(clients[1], () => '{"type":"heartbeat","nonce":0}');
    await h.clock.advance(300_000);
    for (const client of clients) {
      expect(client.closed).toBeNull();
      expect(client.of('error')).toEqual([]);
    }
  });

  // proves GW-7
  test('90 s of silence end a connection, and the user shows as offline', async () => {
    const [mere, rangi] = [await h.connect('mere'), await h.connect('rangi')];
    keepAlive(rangi);
    await rangi.request({ type: 'watch', users: ['mere'] });
    await h.clock.advance(89_000);
    expect(mere.closed).toBeNull();
    await h.clock.advance(35_000);
    expect(mere.closed).toMatchObject({ code: 4000 });
    expect(rangi.of('presence').at(-1)).toMatchObject({ users: [{ user_id: 'mere', status: 'offline' }] });
  });

  // proves GW-8
  test('credentials that end close the connection unless they are refreshed', async () => {
    const mere = await h.connect('mere');
    keepAlive(mere);
    const [connection] = h.server.node.services.hub.connectionsOf('mere');
    if (!connection) throw new Error('no connection');
    connection.identity = { ...connection.identity, expires_at: h.clock.now() + 60_000 };
    await h.clock.advance(100_000);
    expect(mere.closed).toMatchObject({ code: 4200 });
  });
});

describe('presence', () => {
  // proves PS-2
  test('a clean close shows within a second, and a busy status as busy', async () => {
    const [mere, rangi] = [await h.connect('mere'), await h.connect('rangi')];
    await rangi.request({ type: 'subscribe', logs: ['ch:general'] });
    await mere.request({ type: 'subscribe', logs: ['ch:general'] });
    await rangi.request({ type: 'watch', channels: ['general'], users: ['mere'] });
    expect(rangi.of('presence')).toMatchObject([
      { channel: 'general', count: 2, full: true },
      { users: [{ user_id: 'mere', status: 'online' }] },
    ]);
    await mere.request({ type: 'presence', status: 'busy' });
    await h.clock.advance(1_000);
    expect(rangi.of('presence').at(-1)).toMatchObject({ users: [{ user_id: 'mere', status: 'busy' }] });
    mere.close();
    await h.clock.advance(1_000);
    const last = rangi.of('presence').slice(-2);
    expect(last).toMatchObject([{ channel: 'general', count: 1 }, { users: [{ user_id: 'mere', status: 'offline' }] }]);
  });

  // proves PS-1
  test('a second device keeps the person online when the first goes', async () => {
    const [phone, laptop, rangi] = [await h.connect('mere'), await h.connect('mere'), await h.connect('rangi')];
    await rangi.request({ type: 'watch', users: ['mere'] });
    phone.close();
    await h.clock.advance(1_000);
    expect(
      rangi
        .of('presence')
        .flatMap((frame) => frame.users)
        .every((user) => user.status === 'online'),
    ).toBe(true);
    laptop.close();
    await h.clock.advance(1_000);
    expect(rangi.of('presence').at(-1)).toMatchObject({ users: [{ status: 'offline' }] });
  });

  // proves PS-3
  test('a channel of more than 200 shows how many, not who', async () => {
    for (let i = 0; i < 201; i++) await (await h.connect(`u${i}`)).request({ type: 'subscribe', logs: ['ch:hall'] });
    const mere = await h.connect('mere');
    await mere.request({ type: 'watch', channels: ['hall'] });
    expect(mere.of('presence')).toMatchObject([{ count: 201, users: [] }]);
  });
});

describe('overload', () => {
  // proves DL-22
  test('a busy channel is sent as a digest that names what it leaves out', async () => {
    await h.close();
    h = startHarness({ digestRate: 10 });
    const mere = await h.connect('mere');
    await mere.request({ type: 'subscribe', logs: ['ch:hall'] });
    for (let i = 0; i < 100; i++) {
      mere.send({ type: 'publish', envelope: mere.envelope({ type: 'channel', id: 'hall' }, { text: `${i}` }) });
    }
    await h.clock.advance(500);
    const sent = mere.of('message').flatMap((frame) => frame.items.map((item) => item.offset));
    const named = mere
      .of('skipped')
      .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
    expect(named.length).toBeGreaterThan(50);
    expect([...sent, ...named].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect((await mere.request({ type: 'history', log: 'ch:hall', after: 0 }))['items']).toHaveLength(100);
  });

  // proves GW-11
  test('a flood of frames is refused, then cut; others do not notice', async () => {
    await h.close();
    h = startHarness({ rateLimits: true });
    const [flooder, mere] = [await h.connect('flooder'), await h.connect('mere')];
    for (let i = 0; i < 2_000; i++) flooder.send('{"type":"history","ref":1,"log":"ch:x"}');
    await h.clock.advance(100);
    expect(flooder.of('error').some((frame) => frame.error === 'rate_limited')).toBe(true);
    expect(flooder.closed).toMatchObject({ code: 4101 });
    expect(await mere.say('general', 'still here')).toMatchObject({ offset: 1 });
  });
});

describe('the end', () => {
  // proves GW-16
  test('draining asks everybody to move and closes who stays', async () => {
    const [mere, rangi] = [await h.connect('mere'), await h.connect('rangi')];
    const drained = h.server.node.gateway.drain(10_000);
    await h.clock.advance(500);
    expect(mere.of('migrate')).toHaveLength(1);
    mere.close();
    await h.clock.advance(10_000);
    await drained;
    expect(rangi.closed).toMatchObject({ code: 4100 });
    expect(h.server.node.gateway.connections).toBe(0);
  });

  // proves GW-9
  test('a revoked session is closed at once; the same user’s other session stays', async () => {
    const [stolen, own] = [await h.connect('mere'), await h.connect('mere')];
    const [first, second] = h.server.node.services.hub.connectionsOf('mere');
    if (!first || !second) throw new Error('two connections expected');
    first.identity = { ...first.identity, session: 's1' };
    second.identity = { ...second.identity, session: 's2' };
    h.server.node.services.bus.publish({ kind: 'revoked', user: 'mere', session: 's1', reason: 'token_revoked' });
    await h.clock.advance(10);
    expect(stolen.closed).toMatchObject({ code: 4300 });
    expect(own.closed).toBeNull();
  });

  test('after everybody left, nothing of them stays behind', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, (_, i) => h.connect(`u${i}`)));
    for (const client of clients) await client.request({ type: 'subscribe', logs: ['ch:general'] });
    for (const client of clients) await client.request({ type: 'watch', channels: ['general'], users: ['u1'] });
    for (const client of clients) client.close();
    await h.clock.advance(1_000);
    const { hub } = h.server.node.services;
    expect([hub.users, hub.logs.size, h.server.node.gateway.connections, h.sockets.open]).toEqual([0, 0, 0, 0]);
  });
});
