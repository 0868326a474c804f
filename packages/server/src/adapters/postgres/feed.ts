import type { Changed, FeedEntry, FeedPage, FeedPosition, LogHead } from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';
import type { EntryRow } from '../checksum.ts';
import type { Connection } from './connection.ts';
import { SEQ_BLOCK } from './seq-block.ts';
import type { Reader } from './reader.ts';
import type { Session } from './session.ts';
import { ENTRY, entryOf } from './statements.ts';

interface FeedRow extends EntryRow {
  readonly name: LogName;
}

/** How long a transaction may hold up those behind it before `changedSince` no longer waits for it. */
const HELD_UP_MS = 2_000;

/** Up to here no entry is still to come, and up to where that will be so once the transaction `before` has ended. */
interface Horizon {
  readonly session: Session;
  readonly settled: number;
  readonly pending: { readonly seq: number; readonly before: string; readonly since: number } | null;
}

/**
 * Reads entries by `seq`, which rises with the offsets of every log, and only up to where no transaction can still add one.
 *
 * A transaction has an id before it takes numbers. So whatever is numbered up to the sequence's value now belongs to a
 * transaction older than an id that is taken afterwards, and is settled once no older transaction runs. What was learnt on one
 * connection is forgotten with it: a server that crashed gives out the same numbers and transaction ids again.
 */
export class FeedReader {
  readonly #connection: Connection;
  readonly #reader: Reader;
  readonly #now: () => number;
  #horizon: Horizon | null = null;

  constructor(connection: Connection, reader: Reader, now: () => number) {
    this.#connection = connection;
    this.#reader = reader;
    this.#now = now;
  }

  async read(after: FeedPosition | null, limit: number): Promise<FeedPage> {
    const from = after === null ? 0 : seqOf(after);
    const rows = await this.#connection.run((session) => this.#rows(session, from, limit));
    const now = this.#now();
    const entries = rows.map((row) => this.#entry(row, now));
    return { entries, position: entries.at(-1)?.position ?? after };
  }

  async #rows(session: Session, from: number, limit: number): Promise<readonly FeedRow[]> {
    const upTo = await this.settled(session);
    if (upTo <= from) return [];
    return session.query<FeedRow>(
      `SELECT ${ENTRY}, l.name FROM entries e JOIN logs l ON l.id = e.log
       WHERE e.seq > $1::bigint AND e.seq <= $2::bigint ORDER BY e.seq LIMIT $3::int`,
      [from, upTo, limit],
    );
  }

  async changedSince(after: FeedPosition | null, most: number): Promise<Changed> {
    return this.#connection.run(async (session) => {
      const upTo = await this.settled(session);
      const since = this.#horizon?.pending?.since ?? Number.POSITIVE_INFINITY;
      const isKnown = upTo > 0 || since === Number.POSITIVE_INFINITY;
      if (after === null) return { position: isKnown ? String(upTo) : null, heads: null };
      // A replica that had not heard of everything was promoted, and gives out the same numbers again.
      if (upTo > 0 && upTo < seqOf(after)) return { position: String(upTo), heads: null };
      if (this.#now() - since > HELD_UP_MS) return { position: after, heads: null };
      if (upTo <= seqOf(after)) return { position: after, heads: [] };
      return { position: String(upTo), heads: await grown(session, { after: seqOf(after), upTo, most }) };
    });
  }

  async cursor(group: string): Promise<FeedPosition | null> {
    const [row] = await this.#connection.run((session) =>
      session.query<{ seq: string }>('SELECT seq::text FROM feed_cursors WHERE name = $1', [group]),
    );
    return row?.seq ?? null;
  }

  async saveCursor(group: string, position: FeedPosition): Promise<void> {
    const seq = seqOf(position);
    await this.#connection.run((session) =>
      session.query(
        `INSERT INTO feed_cursors AS c VALUES($1, $2::bigint)
         ON CONFLICT(name) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > c.seq`,
        [group, seq],
      ),
    );
  }

  /** The number up to which everything that will ever be there is there. */
  async settled(session: Session): Promise<number> {
    const before = this.#horizon?.session === session ? this.#horizon : { session, settled: 0, pending: null };
    const after = await look(before, this.#now());
    // Where nothing was waited for, what waits now may be settled already.
    this.#horizon = before.pending === null && after.pending !== null ? await look(after, this.#now()) : after;
    return this.#horizon.settled;
  }

  #entry(row: FeedRow, now: number): FeedEntry {
    const { offset, at, id, sender, envelope } = this.#reader.entry(row.name, entryOf(row), now);
    return { log: row.name, offset, at, id, sender, envelope, position: String(row.seq) };
  }
}

/** One look at the server: whether what was waited for has ended, and what to wait for next. */
async function look({ session, settled, pending }: Horizon, now: number): Promise<Horizon> {
  // The sequence is read by the scan, so before the transaction id is taken.
  const [row] = await session.query<{ last: number; over: boolean; before: string | null }>(
    `SELECT last, pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8 AS over,
       CASE WHEN last > $2::float8 THEN pg_current_xact_id()::text END AS before
     FROM (SELECT CASE WHEN is_called THEN last_value + ${SEQ_BLOCK - 1} ELSE 0 END::float8 AS last FROM entry_seq) AS sequence`,
    [pending?.before ?? '0', pending?.seq ?? settled],
  );
  if (!row) throw new Error('PostgreSQL did not say how far it is');
  if (pending !== null && !row.over) return { session, settled, pending };
  const next = row.before === null ? null : { seq: row.last, before: row.before, since: now };
  return { session, settled: pending?.seq ?? settled, pending: next };
}

interface Grown {
  readonly after: number;
  readonly upTo: number;
  readonly most: number;
}

/** The heads of what entries in between were added to; `null` when there are more of them than `most`. */
async function grown(session: Session, { after, upTo, most }: Grown): Promise<readonly LogHead[] | null> {
  const rows = await session.query<LogHead & { entries: number }>(
    `WITH added AS MATERIALIZED (
       SELECT log, inboxes FROM entries WHERE seq > $1::bigint AND seq <= $2::bigint ORDER BY seq LIMIT $3::int),
     places AS (SELECT log AS id FROM added UNION SELECT unnest(inboxes) FROM added)
     SELECT l.name, l.head::float8, (SELECT count(*) FROM added)::int AS entries FROM places JOIN logs l USING(id)`,
    [after, upTo, most + 1],
  );
  if (rows[0] !== undefined && rows[0].entries > most) return null;
  return rows.map(({ name, head }) => ({ name, head }));
}

function seqOf(position: FeedPosition): number {
  const seq = Number(position);
  if (!/^\d+$/.test(position) || !Number.isSafeInteger(seq))
    throw new TypeError(`'${position}' is no position of this feed`);
  return seq;
}
