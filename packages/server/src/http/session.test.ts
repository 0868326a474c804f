import { describe, expect, test } from 'bun:test';
import type { Place, PlaceRequest } from '../cluster/places.ts';
import { Door } from '../gateway/admission.ts';
import { createTestApi, type TestApi } from './test-api.ts';

describe('signing in', () => {
  // proves AC-2
  test('by name alone is possible in demo mode only', async () => {
    const demo = await createTestApi({ demo: true });
    const tokens = await demo.call('signIn', null, { body: { name: '  Mere   Tāwhai ' } });
    expect(tokens.user).toEqual({ id: 'mere-tawhai', name: 'Mere Tāwhai' });
    const me = await demo.call('me', null, { token: tokens.access_token });
    expect(me.events).toMatchObject([{ id: 'hui', role: 'attendee', members: 1 }]);
    expect(await demo.call('server', null)).toMatchObject({ demo: true });
    const real = await createTestApi();
    expect(await real.refusal('signIn', null, { body: { name: 'Mere Tāwhai' } })).toBe('invite_invalid');
    expect(await real.call('server', null)).toMatchObject({ demo: false });
  });

  test('puts newcomers of the demo into the channels that open with it', async () => {
    const api = await createTestApi({ demo: true });
    const { access_token } = await api.call('signIn', null, { body: { name: 'Mere' } });
    const { items } = await api.call('conversations', null, { token: access_token });
    expect(items.map(({ log }) => log)).toEqual(['ch:general', 'ch:news']);
  });

  // proves AC-1
  test('by invitation makes a new person with the role of the invitation', async () => {
    const api = await createTestApi();
    const invite = await api.call('createInvite', 'owen', { params: { event: 'hui' }, body: { role: 'speaker' } });
    expect(invite.url).toBe(`http://hui.test/join/${invite.code}`);
    const body = { name: 'Aroha', invite: invite.code.toLowerCase(), device_id: 'tablet' };
    const tokens = await api.call('signIn', null, { body });
    expect(tokens).toMatchObject({ user: { id: 'aroha-2', name: 'Aroha' }, device_id: 'tablet' });
    const me = await api.call('me', null, { token: tokens.access_token });
    expect(me.events).toMatchObject([{ id: 'hui', role: 'speaker' }]);
  });

  test('refuses names that hold nothing readable', async () => {
    const api = await createTestApi({ demo: true });
    expect(await api.refusal('signIn', null, { body: { name: '\u200b \u0007' } })).toBe('invalid');
  });
});

describe('a session', () => {
  // proves AC-4
  test('goes on with a refresh token, which works once', async () => {
    const api = await createTestApi({ demo: true });
    const first = await api.call('signIn', null, { body: { name: 'Mere' } });
    const second = await api.call('refresh', null, { body: { refresh_token: first.refresh_token } });
    expect(second.user).toEqual(first.user);
    expect(await api.refusal('me', null, { token: second.access_token })).toBe('ok');
    expect(await api.refusal('refresh', null, { body: { refresh_token: first.refresh_token } })).toBe('token_revoked');
    expect(await api.refusal('me', null, { token: second.access_token })).toBe('token_revoked');
  });

  test('that was signed out opens nothing any more, and its connections are told', async () => {
    const api = await createTestApi();
    const token = await api.tokenOf('aroha');
    await api.call('signOut', 'aroha');
    expect(await api.refusal('me', null, { token })).toBe('token_revoked');
    expect(api.bus.published.at(-1)).toMatchObject({ kind: 'revoked', user: 'aroha', reason: 'token_revoked' });
  });

  test('that has expired is refused as such', async () => {
    const api = await createTestApi();
    const token = await api.tokenOf('aroha');
    api.clock.time += 901_000;
    expect(await api.refusal('me', null, { token })).toBe('token_expired');
  });
});

describe('connecting', () => {
  test('answers the socket of this host and a ticket that opens it once', async () => {
    const api = await createTestApi();
    const { url, ticket, expires_at } = await api.call('connect', 'aroha');
    expect(url).toBe('ws://hui.test/ws');
    expect(expires_at).toBe(api.clock.now() + 30_000);
    expect(api.deps.authenticator.ticket(ticket)).toMatchObject({
      ok: true,
      identity: { user: 'aroha', device: 'phone' },
    });
    expect(api.deps.authenticator.ticket(ticket)).toEqual({ ok: false, error: 'token_invalid' });
  });

  test('names the public address when there is one', async () => {
    const api = await createTestApi({ publicUrl: 'https://talk.example.org' });
    expect((await api.call('connect', 'aroha')).url).toBe('wss://talk.example.org/ws');
  });

  // proves CN-9
  describe('in a cluster', () => {
    const asked: PlaceRequest[] = [];
    const place = (request: PlaceRequest): Place => {
      asked.push(request);
      const isSticky = request.sticky === 'node-1';
      return {
        node: isSticky ? 'node-1' : 'node-2',
        url: isSticky ? null : 'https://two.test',
        isChoice: true,
        isSticky,
      };
    };
    const cluster = { place, origins: () => ['https://two.test'] };
    const connect = async (api: TestApi, headers: Record<string, string> = {}, path = '/api/connect') => {
      const authorization = `Bearer ${await api.tokenOf('aroha')}`;
      return api.app.fetch(
        new Request(`https://hui.test${path}`, { method: 'POST', headers: { authorization, ...headers } }),
      );
    };

    test('answers the address of a node and remembers it for an hour', async () => {
      const api = await createTestApi({ cluster });
      const answer = await connect(api);
      expect(await answer.json()).toMatchObject({ url: 'wss://two.test/ws', node: 'node-2' });
      expect(answer.headers.get('set-cookie')).toBe(
        'konferenco_ws_node=node-2; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax',
      );
      expect(asked.at(-1)).toMatchObject({ user: 'aroha', event: 'hui', sticky: undefined, avoid: undefined });
      expect(answer.headers.get('content-security-policy')).toContain("connect-src 'self' wss://two.test;");
    });

    test('keeps to the node that was remembered without renewing its hour, and hands on which to avoid', async () => {
      const api = await createTestApi({ cluster });
      const kept = await connect(api, { cookie: 'konferenco_ws_node=node-1' });
      expect(await kept.json()).toMatchObject({ url: 'wss://hui.test/ws', node: 'node-1' });
      expect(kept.headers.get('set-cookie')).toBeNull();
      await connect(api, {}, '/api/connect?avoid=a,b,c,d,e');
      expect(asked.at(-1)?.avoid).toEqual(['b', 'c', 'd', 'e']);
    });

    test('of one node says nothing of nodes', async () => {
      const alone = { ...cluster, place: (): Place => ({ node: 'a', url: null, isChoice: false, isSticky: false }) };
      const answer = await connect(await createTestApi({ cluster: alone }));
      expect(await answer.json()).toEqual({
        url: 'wss://hui.test/ws',
        ticket: expect.anything(),
        expires_at: expect.anything(),
      });
      expect(answer.headers.get('set-cookie')).toBeNull();
    });
  });

  // proves CN-10
  test('beyond the rate of the door is refused with 429 and a time of one’s own', async () => {
    const api = await createTestApi({ door: new Door({ burst: 1, per_s: 0.5 }, 10, 0) });
    const send = async () => api.send('connect', { token: await api.tokenOf('aroha') });
    expect((await send()).status).toBe(200);
    const [second, third] = [await send(), await send()];
    expect([second.status, second.headers.get('retry-after')]).toEqual([429, '2']);
    expect(await third.json()).toMatchObject({ error: 'overloaded', retry_after_ms: 4_000 });
  });

  test('is refused to people who are banned from everything they belonged to', async () => {
    const api = await createTestApi();
    await api.call('ban', 'mira', { params: { event: 'hui', user: 'aroha' } });
    expect(await api.refusal('connect', 'aroha')).toBe('banned');
  });
});
