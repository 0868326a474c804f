import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Channel, Invite, Tokens } from '@konferenco/protocol';
import { directLog, inboxLog } from '@konferenco/protocol';
import { TestServer } from '@konferenco/testkit';
import { Peer, textEnvelope } from './support/peer.ts';
import { RawSocket } from './support/raw-socket.ts';

const EVENT = 'main';
let server: TestServer;
let owner: Tokens;
let secret: Channel;
const people = new Map<string, Tokens>();

beforeAll(async () => {
  server = await TestServer.start({ storage: 'disk', rateLimits: false, env: { KONFERENCO_DEMO: 'off' } });
  owner = await signIn('Olga', await server.ownerInvite());
  const invite: Invite = await api(owner, 'POST', `/api/events/${EVENT}/invites`, { role: 'attendee', max_uses: 100 });
  for (const name of ['ana', 'ben', 'eve']) people.set(name, await signIn(name, invite.code));
  secret = await api(person('ana'), 'POST', `/api/events/${EVENT}/channels`, {
    title: 'Secret',
    visibility: 'private',
  });
});

afterAll(() => server.stop(), 40_000);

function person(name: string): Tokens {
  const tokens = people.get(name);
  if (!tokens) throw new Error(`nobody is called ${name}`);
  return tokens;
}

async function call(token: string | null, method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(server.httpUrl + path, {
    method,
    headers: {
      'Content-Type': 'application/json',
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function api<T>({ access_token }: Tokens, method: string, path: string, body?: unknown): Promise<T> {
  const response = await call(access_token, method, path, body);
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

async function refusal(response: Promise<Response>): Promise<string> {
  const answer = await response;
  return `${answer.status} ${((await answer.json()) as { error: string }).error}`;
}

async function signIn(name: string, invite: string): Promise<Tokens> {
  const response = await call(null, 'POST', '/api/session', { name, invite });
  if (!response.ok) throw new Error(`${name} could not sign in: ${await response.text()}`);
  return (await response.json()) as Tokens;
}

async function ticketOf(tokens: Tokens): Promise<string> {
  return (await api<{ ticket: string }>(tokens, 'POST', '/api/connect')).ticket;
}

async function connect(tokens: Tokens): Promise<Peer> {
  return Peer.connect({ user: tokens.user.id, port: server.port, query: `ticket=${await ticketOf(tokens)}` });
}

/** What the door says to these credentials. */
async function door(query: string): Promise<string> {
  const socket = await RawSocket.open({ port: server.port, path: `/ws?${query}` });
  const { status, body } = await socket.answered;
  socket.cut();
  return status === 101 ? '101' : `${status} ${(JSON.parse(body) as { error: string }).error}`;
}

describe('credentials', () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claimsOf = (token: string) =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
  const headOf = (token: string) =>
    JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as Record<string, unknown>;

  /** Both ways in: the socket's door and REST. */
  async function expectRefused(token: string, error: string): Promise<void> {
    expect(await door(`token=${encodeURIComponent(token)}`)).toBe(`401 ${error}`);
    expect(await refusal(call(token, 'GET', '/api/me'))).toBe(`401 ${error}`);
  }

  // proves GW-1
  test('the token of a sign-in opens a socket', async () => {
    expect(await door(`token=${person('ana').access_token}`)).toBe('101');
  });

  test('no invitation, a wrong one or a used one lets nobody in', async () => {
    expect(await refusal(call(null, 'POST', '/api/session', { name: 'x' }))).toStartWith('40');
    expect(await refusal(call(null, 'POST', '/api/session', { name: 'x', invite: 'AAAA-BBBB' }))).toBe(
      '404 invite_invalid',
    );
    const used = await server.ownerInvite();
    expect(await refusal(call(null, 'POST', '/api/session', { name: 'x', invite: used }))).toBe('404 invite_invalid');
  });

  // proves GW-1
  test('a changed signature, a changed claim, garbage and a bare name are no tokens', async () => {
    const [head = '', body = '', signature = ''] = person('eve').access_token.split('.');
    const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
    await expectRefused(`${head}.${body}.${flipped}`, 'token_invalid');
    const claims = { ...claimsOf(person('eve').access_token), sub: owner.user.id };
    await expectRefused(`${head}.${encode(claims)}.${signature}`, 'token_invalid');
    await expectRefused('garbage', 'token_invalid');
    await expectRefused(owner.user.id, 'token_invalid');
  });

  test('"alg none", a symmetric key made of the public one, and a key of one\'s own sign nothing', async () => {
    const token = person('eve').access_token;
    const claims = encode({ ...claimsOf(token), sub: owner.user.id });
    await expectRefused(`${encode({ ...headOf(token), alg: 'none' })}.${claims}.`, 'token_invalid');
    const { keys } = JSON.parse(readFileSync(join(server.dir ?? '', 'keys', 'keys.json'), 'utf8')) as {
      keys: { jwk: { x: string } }[];
    };
    const confused = `${encode({ ...headOf(token), alg: 'HS256' })}.${claims}`;
    const mac = createHmac('sha256', Buffer.from(keys[0]?.jwk.x ?? '', 'base64url'))
      .update(confused)
      .digest('base64url');
    await expectRefused(`${confused}.${mac}`, 'token_invalid');
    const own = `${encode(headOf(token))}.${claims}`;
    const { privateKey } = generateKeyPairSync('ed25519');
    await expectRefused(`${own}.${sign(null, Buffer.from(own), privateKey).toString('base64url')}`, 'token_invalid');
  });

  test('a token past its time is expired, however well it is signed', async () => {
    const token = person('eve').access_token;
    const { keys } = JSON.parse(readFileSync(join(server.dir ?? '', 'keys', 'keys.json'), 'utf8')) as {
      keys: { jwk: JsonWebKey }[];
    };
    const key = await crypto.subtle.importKey('jwk', keys[0]?.jwk ?? {}, 'Ed25519', false, ['sign']);
    const now = Math.floor(Date.now() / 1000);
    const signed = async (exp: number) => {
      const text = `${encode(headOf(token))}.${encode({ ...claimsOf(token), iat: now - 1000, exp })}`;
      return `${text}.${Buffer.from(await crypto.subtle.sign('Ed25519', key, Buffer.from(text))).toString('base64url')}`;
    };
    expect(await door(`token=${await signed(now + 60)}`)).toBe('101');
    await expectRefused(await signed(now - 60), 'token_expired');
  });

  test('a ticket opens one socket, and none when it was changed', async () => {
    const ticket = await ticketOf(person('ben'));
    expect(await door(`ticket=${ticket.slice(0, -2)}${ticket.endsWith('AA') ? 'BB' : 'AA'}`)).toBe('401 token_invalid');
    expect(await door(`ticket=${ticket}`)).toBe('101');
    expect(await door(`ticket=${ticket}`)).toBe('401 token_invalid');
  });

  // proves GW-9
  test('signing out ends the open socket, its tickets and its token', async () => {
    const invite: Invite = await api(owner, 'POST', `/api/events/${EVENT}/invites`, { role: 'attendee' });
    const tokens = await signIn('Quick', invite.code);
    const [peer, ticket] = [await connect(tokens), await ticketOf(tokens)];
    await api(tokens, 'DELETE', '/api/session');
    const ended = await Promise.race([peer.ended, Bun.sleep(1000)]);
    expect(ended).toMatchObject({ code: 4300 });
    expect(await door(`ticket=${ticket}`)).toBe('401 token_revoked');
    await expectRefused(tokens.access_token, 'token_revoked');
    expect(await refusal(call(null, 'POST', '/api/session/refresh', { refresh_token: tokens.refresh_token }))).toBe(
      '401 token_revoked',
    );
  });

  test('nothing but hello is answered before hello', async () => {
    const query = `ticket=${await ticketOf(person('ben'))}`;
    const peer = await Peer.upgrade({ user: 'ben', port: server.port, query });
    expect(await peer.refused('history', { log: inboxLog('ben') })).toMatchObject({ error: 'unexpected_frame' });
    expect(await peer.refused('subscribe', { logs: [`ch:${EVENT}-general`] })).toMatchObject({
      error: 'unexpected_frame',
    });
    peer.socket.cut();
  });
});

describe('what belongs to others', () => {
  let eve: Peer;
  beforeAll(async () => {
    const ana = await connect(person('ana'));
    await ana.publish({ type: 'user', id: 'ben' }, 'between us');
    await ana.publish({ type: 'channel', id: secret.id }, 'among us');
    ana.socket.cut();
    eve = await connect(person('eve'));
  });
  afterAll(() => eve.socket.cut());

  test("nobody writes in another's name", async () => {
    const envelope = textEnvelope({ from: 'ana', to: { type: 'channel', id: `${EVENT}-general` }, text: 'I am Ana' });
    expect(await eve.refused('publish', { envelope })).toMatchObject({ error: 'sender_mismatch' });
  });

  test('a private channel takes and gives nothing to those outside', async () => {
    const log = `ch:${secret.id}`;
    const envelope = textEnvelope({ from: 'eve', to: { type: 'channel', id: secret.id }, text: 'hello?' });
    expect(await eve.refused('publish', { envelope })).toMatchObject({ error: 'not_member' });
    expect((await eve.ask('subscribe', { logs: [log] })).logs[log]).toMatchObject({ error: 'not_member' });
    expect(await eve.refused('history', { log })).toMatchObject({ error: 'not_member' });
    expect(await refusal(call(person('eve').access_token, 'GET', `/api/logs/${log}`))).toBe('403 not_member');
    expect(await refusal(call(person('eve').access_token, 'POST', `/api/channels/${secret.id}/join`))).toStartWith(
      '40',
    );
  });

  // proves AC-7
  test("another's inbox and conversations stay closed, by socket and by REST", async () => {
    for (const log of [inboxLog('ana'), directLog('ana', 'ben')]) {
      expect(['forbidden', 'not_member']).toContain((await eve.refused('history', { log })).error);
      expect(await refusal(call(person('eve').access_token, 'GET', `/api/logs/${log}`))).toStartWith('403');
      expect((await eve.ask('subscribe', { logs: [log] })).logs[log]).toHaveProperty('error');
    }
    const found = await api<{ items: unknown[] }>(person('eve'), 'GET', '/api/search?q=between');
    expect(found.items).toEqual([]);
  });

  test('an announcement channel is read by all and written by few', async () => {
    const to = { type: 'channel', id: `${EVENT}-news` } as const;
    expect(await eve.refused('publish', { envelope: textEnvelope({ from: 'eve', to, text: 'news!' }) })).toMatchObject({
      error: 'forbidden',
    });
    const olga = await connect(owner);
    expect(await olga.publish(to, 'Doors open at nine')).toMatchObject({ log: `ch:${EVENT}-news` });
    expect(await eve.readAll(`ch:${EVENT}-news`)).toHaveLength(1);
    olga.socket.cut();
  });

  test('who is banned loses the socket, gets no ticket for another, and reads and writes nothing any more', async () => {
    const banned = await connect(person('eve'));
    const ticket = await ticketOf(person('eve'));
    await api(owner, 'DELETE', `/api/events/${EVENT}/members/eve`);
    expect(await Promise.race([banned.ended, Bun.sleep(1000)])).toMatchObject({ code: 4301 });
    expect((await eve.ended).code).toBe(4301);
    expect(await refusal(call(person('eve').access_token, 'POST', '/api/connect'))).toBe('403 banned');
    for (const query of [`ticket=${ticket}`, `token=${person('eve').access_token}`]) {
      const back = await RawSocket.open({ port: server.port, path: `/ws?${query}` });
      if ((await back.answered).status === 101) {
        const peer = new Peer('eve', back);
        await peer.request({ type: 'hello' });
        const answer = await peer.request({ type: 'history', log: `ch:${EVENT}-general` });
        expect(answer).toMatchObject({ type: 'error', error: 'banned' });
        const said = {
          type: 'publish',
          envelope: textEnvelope({ from: 'eve', to: { type: 'channel', id: `${EVENT}-general` }, text: 'back' }),
        };
        expect(await peer.request(said)).toMatchObject({ type: 'error', error: 'banned' });
      }
      back.cut();
    }
  });
});
