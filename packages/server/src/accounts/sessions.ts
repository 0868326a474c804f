import type { Bus, Clock, Random, Store } from '@konferenco/core';
import { Cache, type Eventually } from './cache.ts';
import { RecentSet } from './recent-set.ts';
import { at, drop, type Keyed, listPage, put, read, type SessionRecord, SESSIONS, type Versioned } from './records.ts';
import { Refused } from './refused.ts';
import { digest, isSameDigest, randomText } from './secrets.ts';

export interface SessionOptions {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
}

/** A sign-in and the refresh token that continues it. */
export interface OpenSession {
  readonly id: string;
  readonly record: SessionRecord;
  readonly refresh_token: string;
}

const SESSION_MS = 30 * 86_400_000;
const SWEPT_AFTER_MS = 86_400_000;
const SWEEP_PAGE = 500;
const CACHED_SESSIONS = 100_000;
const CACHED_MS = 30_000;
const RECENT_MS = 60_000;
const RECENT_MAX = 100_000;

/**
 * Sign-ins and their refresh tokens. A token is `session.family.secret`: the family stays, so that a used secret is
 * told apart from a guess; the secret is good for one use.
 */
export class Sessions {
  readonly #options: SessionOptions;
  readonly #cache: Cache<SessionRecord | null>;
  readonly #recentlyEnded = new RecentSet<string>(RECENT_MS, RECENT_MAX);
  readonly #unsubscribe: () => void;

  constructor(options: SessionOptions) {
    const { store, bus, clock } = options;
    this.#options = options;
    this.#cache = new Cache({
      load: async (id) => (await read(store, SESSIONS, id)).value,
      max: CACHED_SESSIONS,
      max_age_ms: CACHED_MS,
      now: () => clock.now(),
    });
    this.#unsubscribe = bus.subscribe((record) => {
      if (record.kind === 'revoked' && record.session !== undefined) this.#forget(record.session);
    });
    bus.onReconnect(() => this.#cache.clear());
  }

  get(id: string): Eventually<SessionRecord | null> {
    return this.#cache.get(id);
  }

  /** Whether a session ended within the last minute, as far as this node was told. */
  endedRecently(id: string): boolean {
    return this.#recentlyEnded.has(id);
  }

  async begin(user: string, device: string): Promise<OpenSession> {
    const { random, clock } = this.#options;
    // Session ids stand in envelopes, where ids begin with a letter or digit.
    const id = `s${randomText(random, 16)}`;
    const [family, secret] = [randomText(random, 16), randomText(random, 32)];
    const now = clock.now();
    const record: SessionRecord = {
      user,
      device,
      family: digest(family),
      current: digest(secret),
      created_at: now,
      expires_at: now + SESSION_MS,
    };
    if (!(await this.#replace(id, { value: null, version: 0 }, record))) throw new Refused('conflict');
    this.#cache.set(id, record);
    return { id, record, refresh_token: `${id}.${family}.${secret}` };
  }

  /** @throws {Refused} `token_invalid`, `token_expired`, or `token_revoked`: also for a used token, which ends the session */
  async refresh(refreshToken: string): Promise<OpenSession> {
    const { random, clock } = this.#options;
    const [id = '', family = '', secret = '', rest] = refreshToken.split('.');
    if (!secret || rest !== undefined) throw new Refused('token_invalid');
    for (;;) {
      const known = await read(this.#options.store, SESSIONS, id);
      const session = known.value;
      if (!session || !isSameDigest(session.family, digest(family))) throw new Refused('token_invalid');
      if (session.ended) throw new Refused('token_revoked');
      if (clock.now() >= session.expires_at) throw new Refused('token_expired');
      if (!isSameDigest(session.current, digest(secret))) {
        await this.end(id, 'reused');
        throw new Refused('token_revoked');
      }
      const next = randomText(random, 32);
      const record = { ...session, current: digest(next), expires_at: clock.now() + SESSION_MS };
      // When another use of the token was first, the next round finds it used.
      if (await this.#replace(id, known, record)) return { id, record, refresh_token: `${id}.${family}.${next}` };
    }
  }

  /** Ends a session here at once and elsewhere as soon as the bus has told. */
  async end(id: string, reason: 'signed_out' | 'reused'): Promise<void> {
    for (;;) {
      const known = await read(this.#options.store, SESSIONS, id);
      if (!known.value || known.value.ended) return;
      if (!(await this.#replace(id, known, { ...known.value, ended: reason }))) continue;
      this.#forget(id);
      this.#options.bus.publish({ kind: 'revoked', user: known.value.user, session: id, reason: 'token_revoked' });
      return;
    }
  }

  /** Deletes sessions that ended or expired long enough ago. Returns how many. */
  async sweep(): Promise<number> {
    const { store, clock } = this.#options;
    const before = clock.now() - SWEPT_AFTER_MS;
    let swept = 0;
    let after: string | undefined;
    for (;;) {
      const range = after === undefined ? { limit: SWEEP_PAGE } : { after, limit: SWEEP_PAGE };
      const page = await listPage(store, SESSIONS, '', range);
      swept += await this.#drop(
        page.filter(({ value }) => (value.ended ? value.created_at : value.expires_at) < before),
      );
      after = page.at(-1)?.key;
      if (page.length < SWEEP_PAGE || after === undefined) return swept;
    }
  }

  close(): void {
    this.#unsubscribe();
    this.#cache.clear();
  }

  /** A session renewed meanwhile stands at another version and stays. */
  async #drop(rows: readonly Keyed<SessionRecord>[]): Promise<number> {
    const outcomes = await this.#options.store.commit(
      rows.map(({ key, version }) => ({ requires: [at(SESSIONS, key, version)], changes: [drop(SESSIONS, key)] })),
    );
    return outcomes.filter((outcome) => outcome.kind === 'committed').length;
  }

  #forget(id: string): void {
    this.#cache.delete(id);
    this.#recentlyEnded.add(id, this.#options.clock.now());
  }

  async #replace(id: string, known: Versioned<SessionRecord>, session: SessionRecord): Promise<boolean> {
    const [outcome] = await this.#options.store.commit([
      { requires: [at(SESSIONS, id, known.version)], changes: [put(SESSIONS, id, session)] },
    ]);
    return outcome?.kind === 'committed';
  }
}
