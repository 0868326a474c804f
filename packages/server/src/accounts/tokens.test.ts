import { describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { generateKeyPair, SignJWT } from 'jose';
import { createFileKeyStore, createMemoryKeyStore } from './key-store.ts';
import { createTestRandom, createWorld, type World } from './test-world.ts';
import { createTokenService, type TokenService } from './tokens.ts';

async function setUp(): Promise<
  World & { readonly tokens: TokenService; readonly keys: ReturnType<typeof createMemoryKeyStore> }
> {
  const world = await createWorld();
  const keys = createMemoryKeyStore();
  return { ...world, keys, tokens: await createTokenService({ ...world, keys }) };
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

describe('access tokens', () => {
  test('name user, session and device, and end after 15 minutes', async () => {
    const { tokens, clock } = await setUp();
    const issued = await tokens.begin('aroha', 'phone');
    const identity = { user: 'aroha', device: 'phone', session: issued.session, expires_at: clock.now() + 900_000 };
    expect(await tokens.verify(issued.access_token)).toEqual({ ok: true, identity });
    clock.time += 899_000;
    expect((await tokens.verify(issued.access_token)).ok).toBe(true);
    clock.time += 1_000;
    expect(await tokens.verify(issued.access_token)).toEqual({ ok: false, error: 'token_expired' });
  });

  // proves UP-11
  test('are good after their end for as long as nobody can renew them, but not when their session has ended', async () => {
    const world = await createWorld();
    const { clock } = world;
    let grace = 3_600_000;
    const tokens = await createTokenService({ ...world, keys: createMemoryKeyStore(), grace_ms: () => grace });
    const { access_token, session } = await tokens.begin('aroha', 'phone');
    clock.time += 900_000 + 3_599_000;
    expect(await tokens.verify(access_token)).toMatchObject({ ok: true, identity: { session } });
    clock.time += 1_000;
    expect(await tokens.verify(access_token)).toEqual({ ok: false, error: 'token_expired' });
    clock.time -= 2_000;
    grace = 0;
    expect(await tokens.verify(access_token)).toEqual({ ok: false, error: 'token_expired' });
    grace = 3_600_000;
    await tokens.end(session);
    expect(await tokens.verify(access_token)).toEqual({ ok: false, error: 'token_revoked' });
  });

  test('without a signature (alg none) are refused', async () => {
    const { tokens } = await setUp();
    const { access_token } = await tokens.begin('aroha', 'phone');
    const [header = '', payload = ''] = access_token.split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
    for (const alg of ['none', 'None', 'NONE']) {
      const forged = `${encode({ alg, kid, typ: 'JWT' })}.${payload}.`;
      expect(await tokens.verify(forged)).toEqual({ ok: false, error: 'token_invalid' });
    }
  });

  test('signed as HS256 with the public key for a secret are refused', async () => {
    const { tokens, keys } = await setUp();
    const { access_token } = await tokens.begin('aroha', 'phone');
    const key = (await keys.load())?.keys[0];
    const signed = `${encode({ alg: 'HS256', kid: key?.kid, typ: 'JWT' })}.${access_token.split('.')[1]}`;
    for (const secret of [Buffer.from(key?.jwk.x ?? '', 'base64url'), key?.jwk.x ?? '']) {
      const forged = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
      expect(await tokens.verify(forged)).toEqual({ ok: false, error: 'token_invalid' });
    }
  });

  test('signed with another key are refused, under a known and an unknown key id', async () => {
    const { tokens, keys, clock } = await setUp();
    const claims = claimsOf((await tokens.begin('aroha', 'phone')).access_token);
    const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
    for (const kid of [(await keys.load())?.keys[0]?.kid ?? '', 'nobody']) {
      const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid, typ: 'JWT' }).sign(privateKey);
      expect(await tokens.verify(forged)).toEqual({ ok: false, error: 'token_invalid' });
    }
    clock.time += 1;
  });

  test('for another issuer or audience are refused', async () => {
    const world = await createWorld();
    const keys = createMemoryKeyStore();
    const ours = await createTokenService({ ...world, keys });
    for (const other of [{ issuer: 'elsewhere' }, { audience: 'elsewhere' }]) {
      const theirs = await createTokenService({
        ...world,
        random: createTestRandom(JSON.stringify(other)),
        keys,
        ...other,
      });
      const { access_token } = await theirs.begin('aroha', 'phone');
      expect((await theirs.verify(access_token)).ok).toBe(true);
      expect(await ours.verify(access_token)).toEqual({ ok: false, error: 'token_invalid' });
    }
  });

  // proves AC-3
  test('changed in any character are refused, and no text makes verification throw', async () => {
    const { tokens } = await setUp();
    const { access_token } = await tokens.begin('aroha', 'phone');
    const [header = '', payload = '', signature = ''] = access_token.split('.');
    const changed = fc
      .tuple(fc.constantFrom(header, payload, signature), fc.nat(), fc.constantFrom('A', 'b', '9', '_', '!'))
      .map(([part, at, char]) =>
        access_token.replace(
          part,
          part.slice(0, at % (part.length - 1)) + char + part.slice((at % (part.length - 1)) + 1),
        ),
      )
      .filter((token) => token !== access_token);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          changed,
          fc.string(),
          fc.string().map((text) => `${header}.${text}.`),
        ),
        async (token) => {
          expect((await tokens.verify(token)).ok).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('revocation', () => {
  test('ends a session at once here, and on other nodes when the bus has told', async () => {
    const { tokens, keys, ...world } = await setUp();
    const elsewhere = await createTokenService({ ...world, keys });
    const { access_token, session, refresh_token } = await tokens.begin('aroha', 'phone');
    expect((await elsewhere.verify(access_token)).ok).toBe(true);
    await tokens.end(session);
    expect(await tokens.verify(access_token)).toEqual({ ok: false, error: 'token_revoked' });
    expect(await elsewhere.verify(access_token)).toEqual({ ok: false, error: 'token_revoked' });
    expect(elsewhere.endedRecently(session)).toBe(true);
    expect(tokens.refresh(refresh_token)).rejects.toMatchObject({ error: 'token_revoked' });
    expect(world.bus.published).toContainEqual({ kind: 'revoked', user: 'aroha', session, reason: 'token_revoked' });
  });

  test('is seen after the bus was away', async () => {
    const { tokens, keys, ...world } = await setUp();
    const elsewhere = await createTokenService({ ...world, keys });
    const { access_token, session } = await tokens.begin('aroha', 'phone');
    expect((await elsewhere.verify(access_token)).ok).toBe(true);
    world.bus.losing = true;
    await tokens.end(session);
    world.bus.reconnect();
    expect(await elsewhere.verify(access_token)).toEqual({ ok: false, error: 'token_revoked' });
  });
});

describe('refresh tokens', () => {
  // proves AC-4
  test('give new tokens once; a second use of one ends the session', async () => {
    const { tokens } = await setUp();
    const first = await tokens.begin('aroha', 'phone');
    const second = await tokens.refresh(first.refresh_token);
    expect(second).toMatchObject({ user: 'aroha', device: 'phone', session: first.session });
    expect((await tokens.verify(second.access_token)).ok).toBe(true);
    expect(tokens.refresh(first.refresh_token)).rejects.toMatchObject({ error: 'token_revoked' });
    await tokens.refresh(first.refresh_token).catch(() => undefined);
    expect(await tokens.verify(second.access_token)).toEqual({ ok: false, error: 'token_revoked' });
    expect(tokens.refresh(second.refresh_token)).rejects.toMatchObject({ error: 'token_revoked' });
  });

  test('of two racing uses at most one is answered, and the session ends', async () => {
    const { tokens } = await setUp();
    const { refresh_token, access_token } = await tokens.begin('aroha', 'phone');
    const uses = await Promise.allSettled([tokens.refresh(refresh_token), tokens.refresh(refresh_token)]);
    expect(uses.filter((use) => use.status === 'fulfilled').length).toBeLessThanOrEqual(1);
    expect(await tokens.verify(access_token)).toEqual({ ok: false, error: 'token_revoked' });
  });

  test('that are guessed from a session id alone neither work nor end the session', async () => {
    const { tokens } = await setUp();
    const { session, access_token } = await tokens.begin('aroha', 'phone');
    for (const guess of [`${session}.a.b`, session, `${session}..`, '', 'a.b.c', `${session}.a.b.c`]) {
      expect(tokens.refresh(guess)).rejects.toMatchObject({ error: 'token_invalid' });
    }
    expect((await tokens.verify(access_token)).ok).toBe(true);
  });

  test('are not kept in clear', async () => {
    const { tokens, dump } = await setUp();
    const { refresh_token } = await tokens.begin('aroha', 'phone');
    const kept = await dump('session');
    for (const part of refresh_token.split('.').slice(1)) expect(kept).not.toContain(part);
  });

  test('end after 30 days unused, and the session is swept a day later', async () => {
    const { tokens, clock, store } = await setUp();
    const { refresh_token, session } = await tokens.begin('aroha', 'phone');
    const live = await tokens.begin('ben', 'phone');
    clock.time += 30 * 86_400_000;
    expect(tokens.refresh(refresh_token)).rejects.toMatchObject({ error: 'token_expired' });
    expect(await tokens.sweep()).toBe(0);
    clock.time += 86_400_001;
    expect(await tokens.sweep()).toBe(2);
    expect(await store.get('session', session)).toBeNull();
    expect(await store.get('session', live.session)).toBeNull();
  });
});

describe('keys', () => {
  test('after a rotation new tokens carry the new key, and old ones verify until they end', async () => {
    const { tokens, keys, clock } = await setUp();
    const old = await tokens.begin('aroha', 'phone');
    await tokens.rotateKeys();
    const fresh = await tokens.begin('aroha', 'laptop');
    expect(old.access_token.split('.')[0]).not.toBe(fresh.access_token.split('.')[0]);
    expect((await tokens.verify(old.access_token)).ok).toBe(true);
    expect((await tokens.verify(fresh.access_token)).ok).toBe(true);
    clock.time += 17 * 60_000;
    await tokens.rotateKeys();
    expect((await keys.load())?.keys.length).toBe(2);
  });

  test('rotated by another node are found when a token names them', async () => {
    const { tokens, keys, ...world } = await setUp();
    const elsewhere = await createTokenService({ ...world, keys });
    world.clock.time += 5_000;
    await tokens.rotateKeys();
    const { access_token } = await tokens.begin('aroha', 'phone');
    expect((await elsewhere.verify(access_token)).ok).toBe(true);
  });

  test('in a file are for the owner only, and two first starts agree on one ring', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'konferenco-keys-'));
    try {
      const world = await createWorld();
      const start = (seed: string) =>
        createTokenService({ ...world, random: createTestRandom(seed), keys: createFileKeyStore(dir) });
      const [a, b] = await Promise.all([start('a'), start('b')]);
      const { access_token } = await a.begin('aroha', 'phone');
      expect((await b.verify(access_token)).ok).toBe(true);
      expect(Buffer.from(a.ticketSecret)).toEqual(Buffer.from(b.ticketSecret));
      expect((await stat(join(dir, 'keys.json'))).mode & 0o777).toBe(0o600);
      await a.rotateKeys();
      expect((await stat(join(dir, 'keys.json'))).mode & 0o777).toBe(0o600);
      const again = await start('c');
      expect((await again.verify(access_token)).ok).toBe(true);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
