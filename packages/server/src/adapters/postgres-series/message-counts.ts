import {
  ANALYTICS_BUCKET_MS,
  type AnalyticsCount,
  type AnalyticsQuery,
  type AnalyticsStore,
  type CountedMessage,
  type StreamName,
} from '@konferenco/core';
import { Database, type SeriesOptions } from './database.ts';
import { createPartitions, dropPartitions, type Partition, type PartitionedTable, partitionAt } from './partitions.ts';

export interface MessageCountsOptions extends SeriesOptions {
  /** Days after which counts are dropped, at the end of their month. 400: the same event a year ago can be compared. */
  readonly keepDays?: number;
  /** Unix ms. */
  readonly now: () => number;
}

const DAY_MS = 86_400_000;
const SCHEMA = 'konferenco_series';
const TABLE = 'message_counts';
/** Lock under which nodes make the tables, one after the other. */
const SETUP_LOCK = `${SCHEMA}/setup`;

/**
 * Counts of messages in a table partitioned by month.
 *
 * Which messages were counted stands beside the counts, changed by the same statement, as ranges of their stream's sequences: so
 * each counts once, though it is delivered again, to another node, or after later ones. In order, that is one range a stream. A
 * node that is paused or cut off while it counts keeps no other from it: there is nothing between the claim and the count.
 *
 * @throws {StoreUnavailableError} when PostgreSQL cannot be used
 */
export async function openMessageCounts(options: MessageCountsOptions): Promise<AnalyticsStore> {
  const counts = new MessageCounts(options);
  try {
    await counts.prepare();
  } catch (error) {
    await counts.close();
    throw error;
  }
  return counts;
}

class MessageCounts implements AnalyticsStore {
  readonly #database: Database;
  readonly #target: PartitionedTable;
  readonly #keepMs: number;
  readonly #now: () => number;
  /** Names of the partitions known to be there. */
  readonly #partitions = new Set<string>();

  constructor({ url, schema = SCHEMA, keepDays = 400, now }: MessageCountsOptions) {
    if (!/^[a-z_][a-z0-9_]{0,50}$/.test(schema)) throw new TypeError(`'${schema}' is no name of a schema`);
    this.#database = new Database(url);
    this.#target = { schema, table: TABLE, unit: 'month' };
    this.#keepMs = keepDays * DAY_MS;
    this.#now = now;
  }

  async prepare(): Promise<void> {
    await this.#database.transaction(async (sql) => {
      await sql`SELECT pg_advisory_xact_lock(hashtext(${SETUP_LOCK}))`;
      await sql.unsafe(`CREATE SCHEMA IF NOT EXISTS "${this.#target.schema}"`);
      await sql.unsafe(`CREATE TABLE IF NOT EXISTS ${this.#counts} (
        bucket timestamptz NOT NULL, event text NOT NULL, stream text NOT NULL, type text NOT NULL,
        messages bigint NOT NULL, PRIMARY KEY (bucket, event, stream, type)
      ) PARTITION BY RANGE (bucket)`);
      await sql.unsafe(`CREATE TABLE IF NOT EXISTS ${this.#counted} (
        stream text NOT NULL, incarnation text NOT NULL, sequences int8multirange NOT NULL DEFAULT '{}',
        PRIMARY KEY (stream, incarnation)
      )`);
      // What the newest change of the row added to it: by it a statement learns which messages were not counted before.
      await sql.unsafe(
        `ALTER TABLE ${this.#counted} ADD COLUMN IF NOT EXISTS added int8multirange NOT NULL DEFAULT '{}'`,
      );
    });
    await this.maintain(this.#now());
  }

  async add(messages: readonly CountedMessage[]): Promise<number> {
    const dropped = this.#now() - this.#keepMs;
    await this.#makeRoom(messages.filter(({ at }) => at >= dropped));
    const given = messages.map(({ at, ...message }) => ({ ...message, bucket: at < dropped ? null : bucketOf(at) }));
    const [row] = await this.#database.statement<{ readonly counted: number }>(this.#count, [JSON.stringify(given)]);
    return row?.counted ?? 0;
  }

  query({ event, from, to, limit }: AnalyticsQuery): Promise<AnalyticsCount[]> {
    return this.#database.transaction(async (sql) => {
      const rows: { from: string; event: string; stream: StreamName; type: string; messages: string }[] =
        await sql.unsafe(
          `SELECT extract(epoch FROM bucket)::text AS from, event, stream, type, messages::text AS messages FROM ${this.#counts}
         WHERE bucket >= $1::text::timestamptz AND bucket < $2::text::timestamptz AND ($3::text IS NULL OR event = $3::text)
         ORDER BY bucket, event, stream, type LIMIT $4::int`,
          [isoOf(from), isoOf(to), event ?? null, limit],
        );
      return rows.map((row) => ({ ...row, from: Number(row.from) * 1_000, messages: Number(row.messages) }));
    });
  }

  async maintain(now: number): Promise<void> {
    const present = partitionAt(this.#target, now);
    const next = partitionAt(this.#target, present.to);
    const dropped = await this.#database.transaction(async (sql) => {
      await createPartitions(sql, this.#target, [present, next]);
      return dropPartitions(sql, this.#target, now - this.#keepMs);
    });
    for (const { name } of [present, next]) this.#partitions.add(name);
    for (const name of dropped) this.#partitions.delete(name);
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  get #counts(): string {
    return `"${this.#target.schema}"."${TABLE}"`;
  }

  get #counted(): string {
    return `"${this.#target.schema}"."${TABLE}_counted"`;
  }

  /** Makes the partitions that are missing. A node that does so holds no row. */
  async #makeRoom(messages: readonly CountedMessage[]): Promise<void> {
    const missing = new Map<string, Partition>();
    for (const { at } of messages) {
      const partition = partitionAt(this.#target, at);
      if (!this.#partitions.has(partition.name)) missing.set(partition.name, partition);
    }
    if (missing.size === 0) return;
    await this.#database.transaction((sql) => createPartitions(sql, this.#target, [...missing.values()]));
    for (const name of missing.keys()) this.#partitions.add(name);
  }

  /**
   * Claims the messages that were not counted, and counts them. Rows are taken in one order by all nodes, so that none waits for
   * another in a circle: those of the streams first, then those of the counts.
   */
  get #count(): string {
    return `WITH given AS (
         SELECT DISTINCT ON (stream, incarnation, sequence) stream, incarnation, sequence, event, type, bucket
         FROM jsonb_to_recordset($1::text::jsonb)
           AS g(stream text, incarnation text, sequence bigint, event text, type text, bucket timestamptz)
       ), claimed AS (
         INSERT INTO ${this.#counted} AS c (stream, incarnation, sequences, added)
         SELECT stream, incarnation, range_agg(place), range_agg(place)
         FROM (SELECT stream, incarnation, int8range(sequence, sequence, '[]') AS place FROM given) AS p
         GROUP BY stream, incarnation ORDER BY stream, incarnation
         ON CONFLICT (stream, incarnation) DO UPDATE
           SET added = excluded.sequences - c.sequences, sequences = c.sequences + excluded.sequences
           WHERE NOT c.sequences @> excluded.sequences
         RETURNING stream, incarnation, added
       ), fresh AS MATERIALIZED (
         SELECT g.* FROM given g JOIN claimed c ON c.stream = g.stream AND c.incarnation = g.incarnation
         WHERE c.added @> g.sequence
       ), increased AS (
         INSERT INTO ${this.#counts} AS c (bucket, event, stream, type, messages)
         SELECT bucket, event, stream, type, count(*) FROM fresh WHERE bucket IS NOT NULL
         GROUP BY bucket, event, stream, type ORDER BY bucket, event, stream, type
         ON CONFLICT (bucket, event, stream, type) DO UPDATE SET messages = c.messages + excluded.messages
       )
       SELECT count(*)::int AS counted FROM fresh`;
  }
}

/** When the five minutes of a time begin. */
function bucketOf(at: number): string {
  return isoOf(at - (at % ANALYTICS_BUCKET_MS));
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
