import type { Bound, PostgresServers } from './postgres-servers.ts';

/** How long servers that have not answered are waited for once one was found, in ms: it may have been replaced. */
const OTHERS_MS = 250;

/** What a server says of itself, as {@link ServerState}. */
export const SERVER_STATE = `SELECT current_setting('transaction_read_only') = 'off' AND NOT pg_is_in_recovery() AS writable,
  CASE WHEN pg_is_in_recovery() THEN 0
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline`;

export interface ServerState {
  readonly writable: boolean;
  /** Rises with each promotion. */
  readonly timeline: number;
}

/** A connection to a server, and what the server answered to {@link SERVER_STATE}. */
export interface Candidate<C extends Bound> {
  readonly connection: C;
  readonly state: ServerState | undefined;
}

/**
 * Connects to all servers at once and keeps the connection to the one that takes writes; of several, the one of the newest
 * timeline, and none of an earlier one than was used before.
 *
 * @param open connects to one server; what it opened before it failed is its own to close
 * @returns `primary: null` when none takes writes, with the reasons of those that could not be asked. Never rejects.
 */
export async function findPrimary<C extends Bound>(
  { urls, knowledge }: PostgresServers,
  open: (url: string) => Promise<Candidate<C>>,
): Promise<{ readonly primary: C | null; readonly failures: readonly unknown[] }> {
  const found: { readonly connection: C; readonly timeline: number }[] = [];
  const failures: unknown[] = [];
  const grace = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const tries = urls.map(async (url) => {
    try {
      const { connection, state } = await open(url);
      if (isOver || !state?.writable || state.timeline < knowledge.timeline) return connection.destroy();
      found.push({ connection, timeline: state.timeline });
      timer ??= setTimeout(grace.resolve, OTHERS_MS);
    } catch (error) {
      failures.push(error);
    }
  });
  await Promise.race([Promise.all(tries), grace.promise]);
  clearTimeout(timer);
  isOver = true;
  const [best, ...others] = found.sort((a, b) => b.timeline - a.timeline);
  for (const { connection } of others) connection.destroy();
  if (best) knowledge.bind(best.connection, best.timeline);
  return { primary: best?.connection ?? null, failures };
}
