import type { Authentication } from '@konferenco/core';
import type { ErrorName } from '@konferenco/protocol';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { type Keys, openKeys } from './key-ring.ts';
import type { KeyStore } from './key-store.ts';
import { type OpenSession, type SessionOptions, Sessions } from './sessions.ts';

export interface TokenOptions extends SessionOptions {
  readonly keys: KeyStore;
  readonly issuer?: string;
  readonly audience?: string;
  /** Milliseconds for which an access token is good after its end, because nobody can renew it now. */
  readonly grace_ms?: () => number;
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
  /** Deletes sessions that expired, or ended and began, more than a day ago; to be called now and then. Returns how many. */
  sweep(): Promise<number>;
  close(): void;
}

const ACCESS_MS = 15 * 60_000;
const ALGORITHM = 'EdDSA';

interface Scope {
  readonly keys: Keys;
  readonly issuer: string;
  readonly audience: string;
  /** Unix ms. */
  readonly now: () => number;
  readonly grace_ms: () => number;
}

/** Opens the key ring (making it at the first start) and the sign-ins of the store. `random` must be cryptographically secure. */
export async function createTokenService(options: TokenOptions): Promise<TokenService> {
  const { clock, random, issuer = 'konferenco', audience = 'konferenco' } = options;
  const keys = await openKeys({ keys: options.keys, clock, random, verify_ms: ACCESS_MS });
  const { grace_ms = () => 0 } = options;
  const scope: Scope = { keys, issuer, audience, now: () => clock.now(), grace_ms };
  const sessions = new Sessions(options);
  return {
    ticketSecret: keys.ticketSecret,
    begin: async (user, device) => issue(scope, await sessions.begin(user, device)),
    refresh: async (refreshToken) => issue(scope, await sessions.refresh(refreshToken)),
    async verify(token) {
      const checked = await check(scope, token);
      if (!checked.ok) return checked;
      const { sub, exp, sid, did } = checked.claims;
      if (!sub || !exp || typeof sid !== 'string' || typeof did !== 'string') return refused('token_invalid');
      const session = await sessions.get(sid);
      if (!session || session.ended || session.user !== sub) return refused('token_revoked');
      return { ok: true, identity: { user: sub, device: did, session: sid, expires_at: exp * 1000 } };
    },
    end: (session) => sessions.end(session, 'signed_out'),
    endedRecently: (session) => sessions.endedRecently(session),
    rotateKeys: () => keys.rotate(),
    sweep: () => sessions.sweep(),
    close: () => sessions.close(),
  };
}

async function issue(scope: Scope, { id, record, refresh_token }: OpenSession): Promise<IssuedTokens> {
  const { user, device } = record;
  const { kid, key } = await scope.keys.signing();
  const issued_s = Math.floor(scope.now() / 1000);
  const expires_s = issued_s + ACCESS_MS / 1000;
  const access_token = await new SignJWT({ sid: id, did: device })
    .setProtectedHeader({ alg: ALGORITHM, kid, typ: 'JWT' })
    .setSubject(user)
    .setIssuer(scope.issuer)
    .setAudience(scope.audience)
    .setIssuedAt(issued_s)
    .setExpirationTime(expires_s)
    .sign(key);
  return { user, device, session: id, access_token, expires_at: expires_s * 1000, refresh_token };
}

type Checked = { readonly ok: true; readonly claims: JWTPayload } | { readonly ok: false; readonly error: ErrorName };

async function check({ keys, issuer, audience, now, grace_ms }: Scope, token: string): Promise<Checked> {
  const keyOf = async ({ kid }: { readonly kid?: string }) => {
    const key = kid === undefined ? null : await keys.verifying(kid);
    if (!key) throw new errors.JWKSNoMatchingKey();
    return key;
  };
  try {
    const clockTolerance = Math.floor(grace_ms() / 1000);
    const currentDate = new Date(now());
    const rules = { algorithms: [ALGORITHM], issuer, audience, typ: 'JWT', currentDate, clockTolerance };
    return { ok: true, claims: (await jwtVerify(token, keyOf, rules)).payload };
  } catch (error) {
    if (error instanceof errors.JWTExpired) return refused('token_expired');
    if (error instanceof errors.JOSEError || error instanceof TypeError) return refused('token_invalid');
    throw error;
  }
}

function refused(error: ErrorName): { readonly ok: false; readonly error: ErrorName } {
  return { ok: false, error };
}
