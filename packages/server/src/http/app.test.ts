import { describe, expect, test } from 'bun:test';
import { StoreUnavailableError } from '@konferenco/core';
import { ERROR_CODES } from '@konferenco/protocol';
import { ROUTES, type Route, type RouteName } from '@konferenco/protocol/schema';
import { createHttpApp } from './app.ts';
import { addressKey } from './limits.ts';
import { createTestApi } from './test-api.ts';

const PARAMS = {
  event: 'hui',
  user: 'ben',
  channel: 'general',
  code: 'ABC',
  case: 'K-1',
  log: 'ch:general',
  device: 'phone',
  upload: '01932b00-0000-7000-8000-000000000000',
  attachment: '01932b00-0000-7000-8000-000000000000',
  offset: '0',
  node: 'node-1',
};

describe('every route', () => {
  test('of the table is served', async () => {
    const api = await createTestApi({ rateLimits: false });
    for (const name of Object.keys(ROUTES) as RouteName[]) {
      const response = await api.send(name, { params: PARAMS, token: await api.tokenOf('aroha') });
      if (response.status === 404) expect(await response.text()).not.toContain('no such route');
    }
    expect(api.faults).toEqual([]);
  });

  test('that needs a person refuses callers without a token, with a bad one and with a forged one', async () => {
    const api = await createTestApi({ rateLimits: false });
    const [header, payload] = (await api.tokenOf('aroha')).split('.');
    for (const [name, route] of Object.entries<Route>(ROUTES)) {
      if (route.auth === 'none') continue;
      const call = { params: PARAMS };
      expect(await api.refusal(name as RouteName, null, call)).toBe('unauthenticated');
      for (const token of ['aroha', 'x.y.z', `${header}.${payload}.`, `${header}.${payload}.${'A'.repeat(86)}`]) {
        expect(await api.refusal(name as RouteName, null, { ...call, token })).toBe('token_invalid');
      }
    }
  });

  test('refuses parameters that are no ids', async () => {
    const api = await createTestApi();
    for (const bad of ['a b', 'a/b', '../x', 'x'.repeat(65), '.a']) {
      expect(await api.refusal('user', 'aroha', { params: { user: bad } })).toBe('invalid');
    }
  });
});

describe('requests', () => {
  test('with a body that is no JSON, lacks a member or is too large are refused', async () => {
    const api = await createTestApi();
    const send = async (body: string) => {
      const response = await api.app.fetch(new Request('http://hui.test/api/session', { method: 'POST', body }), {});
      return { status: response.status, error: ((await response.json()) as { error: string }).error };
    };
    expect(await send('{')).toEqual({ status: 400, error: 'malformed' });
    expect(await send('{}')).toEqual({ status: 400, error: 'invalid' });
    expect(await send('[]')).toEqual({ status: 400, error: 'invalid' });
    expect(await send(JSON.stringify({ name: 'x', pad: 'y'.repeat(70_000) }))).toEqual({
      status: 413,
      error: 'too_large',
    });
  });

  test('with numbers in the query that are none, or out of range, are refused', async () => {
    const api = await createTestApi();
    for (const limit of ['0', '101', '-1', '1.5', 'ten', '1e2']) {
      expect(await api.refusal('conversations', 'aroha', { query: { limit } })).toBe('invalid');
    }
    expect(await api.refusal('conversations', 'aroha', { query: { limit: '100' } })).toBe('ok');
  });

  test('keep nothing that the schema does not name', async () => {
    const api = await createTestApi();
    const entry = await api.say('ch:general', 'ben', 'rude');
    const body = { log: 'ch:general', message_id: entry.id, reason: 'rude', status: 'dismissed', junk: 'x' };
    await api.call('report', 'aroha', { body });
    expect(await api.dump('report')).not.toContain('junk');
  });
});

describe('answers', () => {
  test('carry the security headers, errors too, and are not cached', async () => {
    const api = await createTestApi();
    const responses = [await api.send('server'), await api.send('me'), await api.app.request('/api/nowhere')];
    for (const { headers } of responses) {
      const policy = headers.get('Content-Security-Policy') ?? '';
      for (const part of ["default-src 'self'", "frame-ancestors 'none'", "object-src 'none'"])
        expect(policy).toContain(part);
      expect(policy).not.toContain('unsafe-eval');
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('Referrer-Policy')).toBe('no-referrer');
      expect(headers.get('Cache-Control')).toBe('no-store');
    }
  });

  test('open to no other origin unless it is listed', async () => {
    const from = (origin: string, method = 'GET') =>
      new Request('http://hui.test/api/server', { method, headers: { Origin: origin } });
    const closed = await createTestApi();
    const refused = await closed.app.fetch(from('https://evil.test'));
    expect(refused.headers.get('Access-Control-Allow-Origin')).toBeNull();
    const open = await createTestApi({ origins: ['https://app.test'] });
    expect((await open.app.fetch(from('https://app.test'))).headers.get('Access-Control-Allow-Origin')).toBe(
      'https://app.test',
    );
    expect((await open.app.fetch(from('https://app.test', 'OPTIONS'))).status).toBe(204);
    expect((await open.app.fetch(from('https://evil.test'))).headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  test('to errors name the code of the registry', async () => {
    const api = await createTestApi();
    const response = await api.send('user', { params: { user: 'nobody' }, token: await api.tokenOf('aroha') });
    expect(response.status).toBe(404);
    const { code, text } = ERROR_CODES.not_found;
    expect(await response.json()).toEqual({ error: 'not_found', code, message: text });
  });

  test('say 503 when the store is away, and 500 without details on a fault; both are told to the operator', async () => {
    const api = await createTestApi();
    const token = await api.tokenOf('aroha');
    await api.call('me', 'aroha');
    for (const [failure, status] of [
      [new StoreUnavailableError('disk'), 503],
      [new Error('secret detail'), 500],
    ] as const) {
      const store = new Proxy(api.store, { get: () => () => Promise.reject(failure) });
      const app = createHttpApp({ ...api.deps, context: { ...api.deps.context, store } });
      const response = await app.request('/api/events/hui', { headers: { Authorization: `Bearer ${token}` } });
      expect(response.status).toBe(status);
      expect(await response.text()).not.toContain('secret');
      expect(api.faults.at(-1)).toBe(failure);
    }
  });

  // proves AC-5
  test('are told without what was in their addresses and headers', async () => {
    const api = await createTestApi();
    await api.refusal('invite', null, { params: { code: 'SECRETCODE' } });
    await api.call('search', 'aroha', { query: { q: 'private words' } });
    expect(api.answers.map(({ route, status }) => [route, status])).toEqual([
      ['/api/invites/{code}', 404],
      ['/api/search', 200],
    ]);
    const told = JSON.stringify(api.answers);
    for (const secret of ['SECRETCODE', 'private', await api.tokenOf('aroha')]) expect(told).not.toContain(secret);
  });
});

describe('limits', () => {
  test('slow down sign-ins of one address, and say when to come back', async () => {
    const api = await createTestApi();
    const attempt = (address: string) => api.send('signIn', { body: { name: 'x', invite: 'GUESS' }, address });
    for (let i = 0; i < 300; i++) expect((await attempt('192.0.2.1')).status).toBe(404);
    const refused = await attempt('192.0.2.1');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('Retry-After')).toBe('1');
    expect(await refused.json()).toMatchObject({ error: 'rate_limited', retry_after_ms: 100 });
    expect((await attempt('192.0.2.2')).status).toBe(404);
    api.clock.time += 100;
    expect((await attempt('192.0.2.1')).status).toBe(404);
  });

  test('slow down one person without slowing others', async () => {
    const api = await createTestApi();
    for (let i = 0; i < 120; i++) expect(await api.refusal('me', 'aroha')).toBe('ok');
    expect(await api.refusal('me', 'aroha')).toBe('rate_limited');
    expect(await api.refusal('me', 'ben')).toBe('ok');
  });

  test('count an IPv6 household as one address', () => {
    expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe(addressKey('2001:db8:1:2:ffff::1'));
    expect(addressKey('2001:db8:1:2::1')).not.toBe(addressKey('2001:db8:1:3::1'));
    expect(addressKey('2001:db8::1')).toBe('2001:db8:0:0');
    expect(addressKey('::1')).toBe('0:0:0:0');
    expect(addressKey('::ffff:192.0.2.7')).toBe('192.0.2.7');
  });
});
