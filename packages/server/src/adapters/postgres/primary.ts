import { isLoss, NoPrimaryError } from './errors.ts';
import type { PostgresServers } from './servers.ts';
import type { Session } from './session.ts';

/** How long servers that have not answered are waited for once one was found, in ms: it may have been replaced. */
const OTHERS_MS = 250;

const STATE = `SELECT current_setting('transaction_read_only') = 'off' AND NOT pg_is_in_recovery() AS writable,
  CASE WHEN pg_is_in_recovery() THEN 0
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline`;

interface Candidate {
  readonly session: Session;
  readonly timeline: number;
}

/**
 * Connects to all servers at once and keeps the connection to the one that takes writes; of several, the one of the newest
 * timeline, and none of an earlier one than was used before.
 *
 * @param open connects to one server
 * @throws {NoPrimaryError} when none takes writes; an error of another kind when a server refused for a reason that will not pass
 */
export async function findPrimary(
  { urls, knowledge }: PostgresServers,
  open: (url: string) => Promise<Session>,
): Promise<Session> {
  const found: Candidate[] = [];
  const failures: unknown[] = [];
  const grace = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const tries = urls.map(async (url) => {
    try {
      const candidate = await candidateAt(url, open);
      if (isOver || !candidate || candidate.timeline < knowledge.timeline) return candidate?.session.destroy();
      found.push(candidate);
      timer ??= setTimeout(grace.resolve, OTHERS_MS);
    } catch (error) {
      failures.push(error);
    }
  });
  await Promise.race([Promise.all(tries), grace.promise]);
  clearTimeout(timer);
  isOver = true;
  const [best, ...others] = found.sort((a, b) => b.timeline - a.timeline);
  for (const { session } of others) session.destroy();
  if (!best) throw failures.find((error) => !isLoss(error)) ?? new NoPrimaryError(failures);
  knowledge.bind(best.session, best.timeline);
  return best.session;
}

/** `null`: it takes no writes. */
async function candidateAt(url: string, open: (url: string) => Promise<Session>): Promise<Candidate | null> {
  const session = await open(url);
  try {
    const [state] = await session.query<{ writable: boolean; timeline: number }>(STATE);
    if (state?.writable) return { session, timeline: state.timeline };
    session.destroy();
    return null;
  } catch (error) {
    session.destroy();
    throw error;
  }
}
