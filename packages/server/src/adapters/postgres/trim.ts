import { LIMITS, type LogName } from '@konferenco/protocol';
import { EXPIRED } from '../checksum.ts';
import { lockKeys } from './advisory.ts';
import { textArray } from './arrays.ts';
import { isPassing } from './errors.ts';
import { listPartitions, PARTITION_MS, PARTITIONED, partitionName } from './partitions.ts';
import { blanked, type FoundEntry } from './plan.ts';
import type { Session } from './session.ts';
import { blankEntries, ENTRY, entryOf, lockLogs, lockWords } from './statements.ts';

/** Entries one transaction trims, so that commits get their turn between. */
const CHUNK = 500;
/** Milliseconds that dropping a partition may wait for its locks, and all that come after it with it. */
const DROP_WAIT_MS = 200;

/**
 * Blanks entries that have expired by `now`, raises `first` past leading ones, and drops partitions nobody needs. Of nodes
 * that trim together one does it. @returns how many entries were blanked
 */
export async function trim(session: Session, schema: string, now: number): Promise<number> {
  let total = 0;
  for (;;) {
    const trimmed = await session.transaction(() => trimChunk(session, schema, now));
    total += trimmed;
    if (trimmed < CHUNK) break;
  }
  for (const number of await listPartitions(session)) {
    if ((number + 1) * PARTITION_MS <= now) await dropPartition(session, number, now);
  }
  await session.query("DELETE FROM writers WHERE seen < now() - interval '1 day'");
  return total;
}

async function trimChunk(session: Session, schema: string, now: number): Promise<number> {
  const [turn] = await session.query<{ mine: boolean }>(
    'SELECT pg_try_advisory_xact_lock($1::int, $2::int) AS mine',
    lockKeys(schema, 'trim'),
  );
  if (!turn?.mine) return 0;
  await lockWords(session, schema);
  const due = await session.query<{ id: string; log: LogName; inboxes: LogName[] | null }>(
    `SELECT e.id::text, l.name AS log, (SELECT array_agg(i.name) FROM logs i WHERE i.id = ANY(e.inboxes)) AS inboxes
     FROM entries e JOIN logs l ON l.id = e.log WHERE e.gone <> 2 AND e.expires <= $1::bigint ORDER BY e.expires LIMIT $2::int`,
    [now, CHUNK],
  );
  if (due.length === 0) return 0;
  await lockLogs(session, [...new Set(due.flatMap(({ log, inboxes }) => [log, ...(inboxes ?? [])]))]);
  const rows = await session.query<FoundEntry>(
    `SELECT ${ENTRY}, l.name FROM entries e JOIN logs l ON l.id = e.log
     WHERE e.id = ANY($1::uuid[]) AND e.gone <> 2 AND e.expires <= $2::bigint`,
    [textArray(due.map(({ id }) => id)), now],
  );
  await blankEntries(
    session,
    rows.map((row) => blanked(entryOf(row), EXPIRED)),
  );
  await raiseLogs(session, new Set(rows.map(({ name }) => name)));
  await raiseInboxes(session, new Set(due.flatMap(({ inboxes }) => inboxes ?? [])));
  return rows.length;
}

async function raiseLogs(session: Session, names: ReadonlySet<LogName>): Promise<void> {
  await session.query(
    `UPDATE logs l SET first = coalesce((SELECT e.off FROM entries e
       WHERE e.log = l.id AND e.off >= l.first AND e.gone <> 2 ORDER BY e.off LIMIT 1), l.head + 1)
     WHERE l.name = ANY($1::text[])`,
    [textArray([...names])],
  );
}

async function raiseInboxes(session: Session, names: ReadonlySet<LogName>): Promise<void> {
  if (names.size === 0) return;
  const inboxes = textArray([...names]);
  await session.query(
    `UPDATE logs l SET first = coalesce((SELECT p.off FROM pointers p JOIN entries e ON e.id = p.id AND e.seq = p.seq
       WHERE p.inbox = l.id AND p.off >= l.first AND e.gone <> 2 ORDER BY p.off LIMIT 1), l.head + 1)
     WHERE l.name = ANY($1::text[])`,
    [inboxes],
  );
  await session.query(
    'DELETE FROM pointers p USING logs l WHERE l.name = ANY($1::text[]) AND p.inbox = l.id AND p.off < l.first',
    [inboxes],
  );
}

/**
 * Drops a partition when every entry in it has expired, stands before its log's first, is led to by no pointer, and bears an
 * id that cannot be offered again. Writers that still hold the partition for there make it anew.
 */
async function dropPartition(session: Session, number: number, now: number): Promise<void> {
  const [entries, pointers] = [partitionName('entries', number), partitionName('pointers', number)];
  const [needed] = await session.query<{ needed: boolean; newest: number }>(
    `SELECT EXISTS(SELECT FROM ${pointers}) OR EXISTS(SELECT FROM ${entries} WHERE gone <> 2) OR EXISTS(
       SELECT FROM ${entries} e JOIN logs l ON l.id = e.log WHERE e.at >= $1::bigint OR e.off >= l.first) AS needed,
       coalesce((SELECT max(seq) FROM ${entries}), 0)::float8 AS newest`,
    [now - LIMITS.id_age_ms - LIMITS.id_ahead_ms],
  );
  if (!needed || needed.needed) return;
  try {
    await session.transaction(async () => {
      await session.query(`SET LOCAL lock_timeout = ${DROP_WAIT_MS}`);
      await session.query(`LOCK TABLE ${PARTITIONED.join(', ')} IN ACCESS EXCLUSIVE MODE`);
      const [later] = await session.query<{ there: boolean }>(
        `SELECT EXISTS(SELECT FROM ${entries} WHERE seq > $1::bigint) AS there`,
        [needed.newest],
      );
      if (later?.there) return;
      await session.query(`DROP TABLE ${PARTITIONED.map((table) => partitionName(table, number)).join(', ')}`);
    });
  } catch (error) {
    if (!isPassing(error)) throw error;
  }
}
