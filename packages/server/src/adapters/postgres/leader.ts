import type { LeaderSignal } from '@konferenco/core';
import { lockKeys } from './advisory.ts';
import type { ReadPool } from './read-pool.ts';
import { Session, type SessionOptions } from './session.ts';

/** How often a leader makes sure that its connection, and with it the lock, still stands. */
const BEAT_MS = 2_000;
/** Silence after which the server takes the lock from a leader that does not even beat, such as a paused one. */
const SILENCE_MS = 10_000;

export interface LeaderOptions {
  readonly session: SessionOptions;
  readonly pool: ReadPool;
  /** Aborts when the store closes. */
  readonly closing: AbortSignal;
}

/** Runs `work` while holding the advisory lock of that name on a connection of its own. @returns false when another holds it */
export async function withLeader(
  { session: options, pool, closing }: LeaderOptions,
  name: string,
  work: (signal: LeaderSignal) => Promise<void>,
): Promise<boolean> {
  const keys = lockKeys(options.schema, `leader ${name}`);
  const [held] = await pool.query<{ held: boolean }>(
    `SELECT EXISTS(SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid::bigint = $1::bigint
       AND objid::bigint = $2::bigint AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS held`,
    keys.map((key) => key >>> 0),
  );
  if (held?.held) return false;
  const session = await Session.open({ ...options, settings: { idle_session_timeout: String(SILENCE_MS) } });
  const release = () => session.destroy();
  closing.addEventListener('abort', release, { once: true });
  const beat = setInterval(() => session.query('SELECT 1').catch(release), BEAT_MS);
  try {
    if (closing.aborted) return false;
    const [lock] = await session.query<{ mine: boolean }>(
      'SELECT pg_try_advisory_lock($1::int, $2::int) AS mine',
      keys,
    );
    if (!lock?.mine) return false;
    await work(session.lost);
    return true;
  } finally {
    clearInterval(beat);
    closing.removeEventListener('abort', release);
    session.destroy();
  }
}
