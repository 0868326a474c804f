import type { Authentication, Bus, Clock, Random, Store } from '@konferenco/core';
import type { ErrorName } from '@konferenco/protocol';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { Cache } from './cache.ts';
import { openKeys } from './key-ring.ts';
import type { KeyStore } from './key-store.ts';
import { RecentSet } from './recent-set.ts';
import { at, drop, listPage, put, read, type SessionRecord, SESSIONS, type Versioned } from './records.ts';
import { Refused } from './refused.ts';
import { digest, isSameDigest, randomText } from './secrets.ts';

export interface TokenOptions {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Its bytes must be cryptographically secure. */
  readonly random: Random;
  readonly keys: KeyStore;
  readonly issuer?: string;
  readonly audience?: string;
}

/** What a sign-in or refresh hands out. */
export interface IssuedTokens {
  readonly user: string;
  readonly device: string;
  readonly session: string;
  readonly access_token: string;
  /** Unix ms when the access token ends. */
  readonly expires_at: number;
  readonly refresh_token: string;
}

/** Sign-ins: Ed25519 access tokens of 15 minutes, and refresh tokens that are good for one use. */
export interface TokenService {
  /** Secret of the socket tickets, kept with the signing keys. */
  readonly ticketSecret: Uint8Array;
  /** Begins a session. */
  begin(user: string, device: string): Promise<IssuedTokens>;
  /**
   * New tokens for a refresh token.
   * @throws {Refused} `token_invalid`, `token_expired`, or `token_revoked`: also when the token was used before, which ends the session.
   */
  refresh(refreshToken: string): Promise<IssuedTokens>;
  /** Checks signature, issuer, audience, time, and that the session has not ended. */
  verify(token: string): Promise<Authentication>;
  /** Ends a session here at once and elsewhere as soon as the bus has told. */
  end(session: string): Promise<void>;
  /** Whether a session ended within the last minute, as far as this node was told. */
  endedRecently(session: string): boolean;
  rotateKeys(): Promise<void>;
  /** Deletes sessions that ended or expired a day ago or longer; to be called now and then. Returns how many. */
  sweep(): Promise<number>;
  close(): void;
}

const ACCESS_MS = 15 * 60_000;
const SESSION_MS = 30 * 86_400_000;
const SWEPT_AFTER_MS = 86_400_000;
const CACHED_SESSIONS = 100_000;
const CACHED_MS = 30_000;
const RECENT_MS = 60_000;
const RECENT_MAX = 100_000;
const ALGORITHM = 'EdDSA';

/** Opens the key ring (making it at the first start) and the sign-ins of the store. */
export async function createTokenService(options: TokenOptions): Promise<TokenService> {
  const { store, bus, clock, random, issuer = 'konferenco', audience = 'konferenco' } = options;
  const keys = await openKeys({ keys: options.keys, clock, random, verify_ms: ACCESS_MS });
  const recentlyEnded = new RecentSet<string>(RECENT_MS, RECENT_MAX);
  const sessions = new Cache<SessionRecord | null>({
    load: async (id) => (await read(store, SESSIONS, id)).value,
    max: CACHED_SESSIONS,
    max_age_ms: CACHED_MS,
    now: () => clock.now(),
  });
  const unsubscribe = bus.subscribe((record) => {
    if (record.kind !== 'revoked' || record.session === undefined) return;
    sessions.delete(record.session);
    if (record.reason === 'token_revoked') recentlyEnded.add(record.session, clock.now());
  });
  bus.onReconnect(() => sessions.clear());

  const sign = async (id: string, session: SessionRecord, refresh_token: string): Promise<IssuedTokens> => {
    const { kid, key } = await keys.signing();
    const issued_s = Math.floor(clock.now() / 1000);
    const expires_s = issued_s + ACCESS_MS / 1000;
    const access_token = await new SignJWT({ sid: id, did: session.device })
      .setProtectedHeader({ alg: ALGORITHM, kid, typ: 'JWT' })
      .setSubject(session.user)
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(issued_s)
      .setExpirationTime(expires_s)
      .sign(key);
    const { user, device } = session;
    return { user, device, session: id, access_token, expires_at: expires_s * 1000, refresh_token };
  };

  const end = async (id: string, reason: 'signed_out' | 'reused') => {
    for (;;) {
      const known = await read(store, SESSIONS, id);
      if (!known.value || known.value.ended) return;
      if (await replace(store, id, known, { ...known.value, ended: reason })) {
        sessions.delete(id);
        recentlyEnded.add(id, clock.now());
        bus.publish({ kind: 'revoked', user: known.value.user, session: id, reason: 'token_revoked' });
        return;
      }
    }
  };

  return {
    ticketSecret: keys.ticketSecret,

    async begin(user, device) {
      const id = randomText(random, 16).replace(/^[-_]/, 'A');
      const [family, secret] = [randomText(random, 16), randomText(random, 32)];
      const now = clock.now();
      const session: SessionRecord = {
        user,
        device,
        family: digest(family),
        current: digest(secret),
        created_at: now,
        expires_at: now + SESSION_MS,
      };
      if (!(await replace(store, id, { value: null, version: 0 }, session))) throw new Refused('conflict');
      sessions.set(id, session);
      return sign(id, session, `${id}.${family}.${secret}`);
    },

    async refresh(refreshToken) {
      const [id = '', family = '', secret = '', rest] = refreshToken.split('.');
      if (!secret || rest !== undefined) throw new Refused('token_invalid');
      for (;;) {
        const known = await read(store, SESSIONS, id);
        const session = known.value;
        if (!session || !isSameDigest(session.family, digest(family))) throw new Refused('token_invalid');
        if (session.ended) throw new Refused('token_revoked');
        if (clock.now() >= session.expires_at) throw new Refused('token_expired');
        if (!isSameDigest(session.current, digest(secret))) {
          await end(id, 'reused');
          throw new Refused('token_revoked');
        }
        const next = randomText(random, 32);
        const renewed = { ...session, current: digest(next), expires_at: clock.now() + SESSION_MS };
        if (await replace(store, id, known, renewed)) return sign(id, renewed, `${id}.${family}.${next}`);
      }
    },

    async verify(token) {
      let claims: JWTPayload;
      try {
        const verified = await jwtVerify(
          token,
          async ({ kid }) => {
            const key = kid === undefined ? null : await keys.verifying(kid);
            if (!key) throw new errors.JWKSNoMatchingKey();
            return key;
          },
          { algorithms: [ALGORITHM], issuer, audience, currentDate: new Date(clock.now()), typ: 'JWT' },
        );
        claims = verified.payload;
      } catch (error) {
        return { ok: false, error: tokenError(error) };
      }
      const { sub, exp, sid, did } = claims;
      if (!sub || !exp || typeof sid !== 'string' || typeof did !== 'string')
        return { ok: false, error: 'token_invalid' };
      const session = await sessions.get(sid);
      if (!session || session.ended || session.user !== sub) return { ok: false, error: 'token_revoked' };
      return { ok: true, identity: { user: sub, device: did, session: sid, expires_at: exp * 1000 } };
    },

    end: (session) => end(session, 'signed_out'),
    endedRecently: (session) => recentlyEnded.has(session),
    rotateKeys: () => keys.rotate(),
    sweep: () => sweepSessions(store, clock.now() - SWEPT_AFTER_MS),
    close: unsubscribe,
  };
}

/** @returns the registry's name of what was wrong; faults that are not the token's are thrown on. */
function tokenError(error: unknown): ErrorName {
  if (error instanceof errors.JWTExpired) return 'token_expired';
  if (error instanceof errors.JOSEError || error instanceof TypeError) return 'token_invalid';
  throw error;
}

async function replace(
  store: Store,
  id: string,
  known: Versioned<SessionRecord>,
  session: SessionRecord,
): Promise<boolean> {
  const [outcome] = await store.commit([
    { requires: [at(SESSIONS, id, known.version)], changes: [put(SESSIONS, id, session)] },
  ]);
  return outcome?.kind === 'committed';
}

async function sweepSessions(store: Store, before: number): Promise<number> {
  let swept = 0;
  let after: string | undefined;
  for (;;) {
    const page = await listPage(store, SESSIONS, '', after === undefined ? { limit: 500 } : { after, limit: 500 });
    const over = page.filter(({ value }) => (value.ended ? value.created_at : value.expires_at) < before);
    // A session renewed meanwhile stands at another version and stays.
    const outcomes = await store.commit(
      over.map(({ key, version }) => ({ requires: [at(SESSIONS, key, version)], changes: [drop(SESSIONS, key)] })),
    );
    swept += outcomes.filter((outcome) => outcome.kind === 'committed').length;
    after = page.at(-1)?.key;
    if (page.length < 500 || after === undefined) return swept;
  }
}
