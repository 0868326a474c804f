import { describe, expect, test } from 'bun:test';
import { CLOSE_CODES, type Tokens } from '@konferenco/protocol';
import fc from 'fast-check';
import { stepConnection } from './connection-state.ts';
import { BROKEN_OFF, pauseAfterLoss, RECONNECT } from './reconnect.ts';
import { memoryTokens } from './storage/memory.ts';
import { fixture } from './testing/fixture.ts';
import { settle } from './testing/virtual-clock.ts';
import type { Link } from './types.ts';

const context = { now: 1_000, random: 0.5, online: true };

describe('the state of the link', () => {
  // proves CL-6
  test('a close in the range of no return signs out', () => {
    const online = { kind: 'online', since: 0, sleep_ms: 0 } as const;
    const { state } = stepConnection(
      online,
      { kind: 'lost', comeback: 'never', code: 4303, reason: 'replaced' },
      context,
    );
    expect(state).toEqual({ kind: 'signed_out', code: 4303, reason: 'replaced' });
  });

  test('a connection that held starts again from a short pause, one that fell at once does not', () => {
    const lost = { kind: 'lost', comeback: 'with_backoff', code: 1006, reason: '' } as const;
    const held = stepConnection({ kind: 'online', since: 0, sleep_ms: 9_000 }, lost, { ...context, now: 60_000 });
    const fell = stepConnection({ kind: 'online', since: 59_000, sleep_ms: 9_000 }, lost, { ...context, now: 60_000 });
    if (held.state.kind !== 'waiting' || fell.state.kind !== 'waiting') throw new Error('not waiting');
    expect(held.state.retry_at - 60_000).toBeLessThan(3 * RECONNECT.base_ms);
    expect(fell.state.retry_at - 60_000).toBeGreaterThan(9_000);
  });

  test('a device without a network does not try, and tries soon once it has one', () => {
    const waiting = { kind: 'waiting', attempt: 7, sleep_ms: 20_000, retry_at: 99_000, refresh: false } as const;
    const gone = stepConnection(waiting, { kind: 'network', online: false }, { ...context, online: false });
    expect(gone.state.kind).toBe('offline');
    const back = stepConnection(gone.state, { kind: 'network', online: true }, context);
    if (back.state.kind !== 'waiting') throw new Error('not waiting');
    expect(back.state.retry_at - context.now).toBeLessThanOrEqual(RECONNECT.base_ms);
  });

  // proves CL-6
  test('every pause is bounded: never longer than the cap, or than the server asked for and a little', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('at_once', 'with_backoff', 'after_refresh'),
        fc.integer({ min: 0, max: 20_000 }),
        fc.option(fc.integer({ min: 0, max: 120_000 }), { nil: undefined }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (comeback, previous_ms, retry_after_ms, random) => {
          const { wait_ms, sleep_ms } = pauseAfterLoss({ comeback, previous_ms, retry_after_ms, random });
          expect(sleep_ms).toBeGreaterThanOrEqual(RECONNECT.base_ms);
          expect(sleep_ms).toBeLessThanOrEqual(RECONNECT.cap_ms);
          if (retry_after_ms === undefined) expect(wait_ms).toBeLessThanOrEqual(RECONNECT.cap_ms);
          else {
            expect(wait_ms).toBeGreaterThanOrEqual(retry_after_ms);
            expect(wait_ms).toBeLessThanOrEqual(retry_after_ms + RECONNECT.base_ms);
          }
        },
      ),
    );
  });
});

describe('a connection', () => {
  test('that stays silent for two heartbeats is given up and replaced', async () => {
    const { client, server, connect, clock } = fixture();
    await connect();
    await clock.pass(59_000);
    server.send({ type: 'heartbeat', nonce: 1, server_time: clock.now() });
    await server.flush();
    await clock.pass(59_999);
    expect(client.link.kind).toBe('online');
    await clock.pass(1);
    expect(client.link.kind).toBe('waiting');
    expect(server.connections[0]?.closedWith).toBe(1000);
    await clock.pass(300);
    expect(server.connections).toHaveLength(2);
  });

  test('that is never answered is given up too', async () => {
    const { client, server, clock } = fixture();
    const connecting = client.connect();
    connecting.catch(() => {});
    await settle();
    await clock.pass(8_000);
    expect(client.link.kind).toBe('waiting');
    expect(server.connections).toHaveLength(1);
    await client.close();
    await expect(connecting).rejects.toMatchObject({ error: 'closed' });
  });

  // proves TR-2
  test('that is handed over again and again before it stands is tried as a WebSocket again', async () => {
    const { client, server, connect, clock } = fixture();
    await connect();
    await server.cut(CLOSE_CODES.migrate.code, CLOSE_CODES.migrate.text);
    for (let tries = 2; tries <= 6; tries++) {
      while (server.connections.length < tries) await clock.pass(1_000);
      await server.cut(CLOSE_CODES.migrate.code, CLOSE_CODES.migrate.text);
    }
    while (server.connections.length < 7) await clock.pass(1_000);
    await server.accept();
    await server.flush();
    expect(client.link).toEqual({ kind: 'online' });
  });

  // proves CL-8
  test('moves to another node within the time it was given', async () => {
    const { client, server, connect, clock } = fixture();
    await connect();
    server.send({ type: 'migrate', within_ms: 10_000 });
    await server.flush();
    await clock.pass(4_999);
    expect(server.connections).toHaveLength(1);
    await clock.pass(1);
    expect(server.connections).toHaveLength(2);
    await server.accept();
    await server.flush();
    expect(client.link.kind).toBe('online');
  });

  test('that was replaced stays away and says why', async () => {
    const { client, server, connect, clock } = fixture();
    await connect();
    await server.cut(4303, 'The same device connected again.');
    expect(client.link).toMatchObject({ kind: 'signed_out', code: 4303 });
    await clock.pass(600_000);
    expect(server.connections).toHaveLength(1);
  });

  test('goes offline with the device and comes back with it', async () => {
    const { client, server, connect, network, clock } = fixture();
    await connect();
    network.up = false;
    network.changed();
    expect(client.link).toEqual({ kind: 'offline' });
    await clock.pass(600_000);
    expect(server.connections).toHaveLength(1);
    network.up = true;
    network.changed();
    await clock.pass(300);
    expect(server.connections).toHaveLength(2);
  });

  test('is tried at once when a person asks for it', async () => {
    const { client, server, connect } = fixture();
    await connect();
    await server.cut();
    expect(client.link.kind).toBe('waiting');
    client.reconnectNow();
    await settle();
    expect(server.connections).toHaveLength(2);
  });

  test('tells every change of the link once', async () => {
    const { client, server, connect, reconnect } = fixture();
    const links: Link['kind'][] = [];
    client.on('link', ({ kind }) => links.push(kind));
    await connect();
    await server.cut();
    await reconnect();
    await client.close();
    expect(links).toEqual(['connecting', 'online', 'waiting', 'connecting', 'online', 'closed']);
  });
});

/** REST answers for a signed-in client, and what was asked. */
function restWorld() {
  const asked: { path: string; search: string; auth: string | null; body: unknown }[] = [];
  const answers = new Map<string, () => Response>();
  let refreshes = 0;
  const tokens = (access_token: string): Tokens => ({
    access_token,
    expires_at: 0,
    refresh_token: `${access_token}-refresh`,
    user: { id: 'mere', name: 'Mere' },
    device_id: 'mere-phone',
  });
  const answer = (path: string): Response => {
    const special = answers.get(path)?.();
    if (special) return special;
    if (path === '/api/session/refresh') return Response.json(tokens(`access-${++refreshes + 1}`));
    if (path === '/api/connect') return Response.json({ url: 'ws://node-7.test/ws', ticket: 'T', expires_at: 0 });
    return Response.json({ items: [] });
  };
  const fetch = (async (input: string, init: RequestInit = {}) => {
    const { pathname: path, search } = new URL(input);
    asked.push({
      path,
      search,
      auth: new Headers(init.headers).get('authorization'),
      body: init.body ? JSON.parse(String(init.body)) : undefined,
    });
    return answer(path);
  }) as unknown as typeof globalThis.fetch;
  return { asked, answers, fetch, tokens, paths: () => asked.map(({ path }) => path) };
}

async function signedIn() {
  const world = restWorld();
  const store = memoryTokens();
  await store.save(world.tokens('access-1'));
  const all = fixture({ demoUser: undefined as never, tokens: store }, { fetch: world.fetch });
  return { ...all, world, store };
}

describe('with tokens', () => {
  test('the socket opens at the address and with the ticket the server gives', async () => {
    const { server, connect, client } = await signedIn();
    await connect();
    expect(server.wires.url).toBe('ws://node-7.test/ws?ticket=T');
    expect(client.me).toEqual({ id: 'mere', name: 'Mere' });
  });

  // proves CN-9
  test('a node that cannot be reached is avoided, and after two the socket goes where requests go', async () => {
    const { client, server, clock, world } = await signedIn();
    let node = 0;
    world.answers.set('/api/connect', () =>
      Response.json({ url: `ws://node-${++node}.test/ws`, node: `node-${node}`, ticket: 'T', expires_at: 0 }),
    );
    const avoided = () => world.asked.filter(({ path }) => path === '/api/connect').map(({ search }) => search);
    const connected = client.connect();
    for (let tries = 1; tries <= 2; tries++) {
      while (server.connections.length < tries) await clock.pass(500);
      await server.cut(CLOSE_CODES.draining.code);
    }
    expect(server.wires.url).toBe('ws://node-2.test/ws?ticket=T');
    while (server.connections.length < 3) await clock.pass(500);
    expect(server.wires.url).toBe('ws://server.test/ws?ticket=T');
    expect(avoided()).toEqual(['', '?avoid=node-1', '?avoid=node-1%2Cnode-2']);
    await server.accept();
    await server.flush();
    await connected;
    await server.cut();
    while (server.connections.length < 4) await clock.pass(500);
    expect(server.wires.url).toBe('ws://node-4.test/ws?ticket=T');
    expect(avoided().at(-1)).toBe('');
  });

  // proves CN-9
  test('a node whose connection breaks off without a word is avoided at once, one that says goodbye is not', async () => {
    const { server, clock, world, connect } = await signedIn();
    await connect();
    const avoided = () => world.asked.filter(({ path }) => path === '/api/connect').map(({ search }) => search);
    for (const [reason, expected] of [
      [BROKEN_OFF, '?avoid=node-1'],
      ['', ''],
    ] as const) {
      const before = server.connections.length;
      await server.cut(1006, reason);
      while (server.connections.length === before) await clock.pass(500);
      expect(avoided().at(-1)).toBe(expected);
      await server.accept();
      await server.flush();
    }
  });

  test('a close for an expired token refreshes first and then comes back', async () => {
    const { server, connect, clock, world, store } = await signedIn();
    await connect();
    await server.cut(CLOSE_CODES.token_expired.code);
    await clock.pass(400);
    expect(world.paths().filter((path) => path === '/api/connect' || path === '/api/session/refresh')).toEqual([
      '/api/connect',
      '/api/session/refresh',
      '/api/connect',
    ]);
    expect(world.asked.at(-1)?.auth).toBe('Bearer access-2');
    expect(await store.load()).toMatchObject({ refresh_token: 'access-2-refresh' });
    expect(server.connections).toHaveLength(2);
  });

  test('a refused access token is renewed once and the call repeated', async () => {
    const { server, connect, world } = await signedIn();
    let refusals = 1;
    world.answers.set('/api/connect', () =>
      refusals-- > 0
        ? Response.json({ code: 2001, error: 'token_expired', message: 'expired' }, { status: 401 })
        : (undefined as never),
    );
    await connect();
    expect(world.paths().slice(0, 3)).toEqual(['/api/connect', '/api/session/refresh', '/api/connect']);
    expect(server.connections).toHaveLength(1);
  });

  // proves CL-7
  test('the token is renewed over the running connection before it ends', async () => {
    const { server, connect, clock, world } = await signedIn();
    server.expires_at = clock.now() + 600_000;
    server.heartbeat_ms = 1e9;
    await connect();
    await clock.pass(550_000);
    await server.flush();
    expect(server.framesOf('auth').map(({ token }) => token)).toEqual(['access-2']);
    expect(world.paths().filter((path) => path.endsWith('refresh'))).toHaveLength(1);
    expect(server.connections).toHaveLength(1);
  });

  test('a session that has ended signs out and forgets the tokens', async () => {
    const { client, server, connect, clock, world, store } = await signedIn();
    await connect();
    world.answers.set('/api/session/refresh', () =>
      Response.json({ code: 2003, error: 'token_revoked', message: 'over' }, { status: 401 }),
    );
    await server.cut(CLOSE_CODES.token_expired.code);
    await clock.pass(400);
    expect(client.link).toMatchObject({ kind: 'signed_out', code: 2003 });
    expect(await store.load()).toBeNull();
  });

  test('a busy server is asked again no sooner than it said', async () => {
    const { server, client, clock, world } = await signedIn();
    let refusals = 1;
    world.answers.set('/api/connect', () =>
      refusals-- > 0 ? new Response('', { status: 429, headers: { 'retry-after': '30' } }) : (undefined as never),
    );
    void client.connect();
    await settle();
    await settle();
    expect(client.link).toMatchObject({ kind: 'waiting', retry_at: clock.now() + 30_150 });
    await clock.pass(30_000);
    expect(server.connections).toHaveLength(0);
    await clock.pass(150);
    expect(server.connections).toHaveLength(1);
  });

  test('the next person to sign in here starts with an inbox and conversations of their own', async () => {
    const { client, server, connect, world, from } = await signedIn();
    await connect();
    const opening = client.channel('hall').open();
    await server.flush();
    await opening;
    server.say('ch:hall', from('ana', 'for mere'));
    server.send({
      type: 'inbox',
      items: [server.notify('ch:hall', server.store('ch:hall', from('ana', '@mere')), 'mention')],
    });
    await server.flush();
    await client.signOut();
    world.answers.set('/api/session', () =>
      Response.json({ ...world.tokens('access-9'), user: { id: 'ben', name: 'Ben' } }),
    );
    await client.signIn({ name: 'Ben' });
    expect(client.channel('hall').state().timeline).toEqual([]);
    const original = server.intercept;
    server.intercept = (frame) => {
      if (frame.type !== 'hello') return original(frame);
      const data = {
        user_id: 'ben',
        device_id: 'ben-phone',
        node: 'node-1',
        epoch: server.epoch,
        server_time: 0,
        heartbeat_ms: 30_000,
        expires_at: null,
        inbox: { cursor: 0, first: 1, head: 1 },
      };
      return [{ type: 'reply', ref: frame.ref, data }];
    };
    await connect();
    expect(server.framesOf('history').at(-1)).toMatchObject({ log: 'in:ben' });
  });

  test('signing out ends the session, forgets what was said and closes', async () => {
    const { client, server, connect, world, store } = await signedIn();
    await connect();
    await client.signOut();
    expect(world.asked.at(-1)).toMatchObject({ path: '/api/session' });
    expect(client.me).toBeNull();
    expect(client.link.kind).toBe('signed_out');
    expect(await store.load()).toBeNull();
    expect(server.wires.closedWith).toBe(1000);
    expect(() => client.direct('ana')).toThrow('Sign in first.');
  });

  test('of two programs with one store, one refreshes and the other takes its result', async () => {
    const world = restWorld();
    const store = memoryTokens();
    await store.save(world.tokens('access-1'));
    let queue: Promise<unknown> = Promise.resolve();
    const exclusively = <T>(_: string, fn: () => Promise<T>): Promise<T> => {
      const turn = queue.then(fn);
      queue = turn.catch(() => {});
      return turn;
    };
    const surroundings = { fetch: world.fetch, exclusively };
    const tabs = [
      fixture({ demoUser: undefined as never, tokens: store }, surroundings),
      fixture({ demoUser: undefined as never, tokens: store }, surroundings),
    ];
    for (const tab of tabs) await tab.connect();
    for (const tab of tabs) await tab.server.cut(CLOSE_CODES.token_expired.code);
    for (const tab of tabs) await tab.clock.pass(400);
    expect(world.paths().filter((path) => path.endsWith('refresh'))).toHaveLength(1);
    expect(tabs.map(({ server }) => server.connections.length)).toEqual([2, 2]);
  });
});
