import {
  ANALYTICS_BUCKET_MS,
  type AnalyticsCount,
  type AnalyticsQuery,
  type AnalyticsStore,
  type CountedMessage,
  type StreamName,
} from '@konferenco/core';
import type { TransactionSQL } from 'bun';
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
 * Which messages were counted stands beside the counts, in the same transaction, as ranges of their stream's sequences: so each
 * counts once, though it is delivered again, to another node, or after later ones. In order, that is one range a stream.
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

interface Tally {
  readonly bucket: string;
  readonly event: string;
  readonly stream: StreamName;
  readonly type: string;
  messages: number;
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
    });
    await this.maintain(this.#now());
  }

  async add(messages: readonly CountedMessage[]): Promise<number> {
    const dropped = this.#now() - this.#keepMs;
    const missing = new Map<string, Partition>();
    for (const { at } of messages) {
      const partition = partitionAt(this.#target, at);
      if (at >= dropped && !this.#partitions.has(partition.name)) missing.set(partition.name, partition);
    }
    const counted = await this.#database.transaction(async (sql) => {
      if (missing.size > 0) await createPartitions(sql, this.#target, [...missing.values()]);
      let fresh: CountedMessage[] = [];
      for (const life of livesOf(messages)) fresh = fresh.concat(await this.#claim(sql, life));
      await this.#increase(sql, tally(fresh.filter(({ at }) => at >= dropped)));
      return fresh.length;
    });
    for (const name of missing.keys()) this.#partitions.add(name);
    return counted;
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

  /** Marks messages of one stream as counted; returns those that were not. Others that count of this stream wait until the end. */
  async #claim(sql: TransactionSQL, messages: readonly CountedMessage[]): Promise<CountedMessage[]> {
    const [first] = messages;
    if (!first) return [];
    const { stream, incarnation } = first;
    const bySequence = new Map(messages.map((message) => [message.sequence, message]));
    await sql.unsafe(`INSERT INTO ${this.#counted} (stream, incarnation) VALUES ($1, $2) ON CONFLICT DO NOTHING`, [
      stream,
      incarnation,
    ]);
    await sql.unsafe(`SELECT 1 FROM ${this.#counted} WHERE stream = $1 AND incarnation = $2 FOR UPDATE`, [
      stream,
      incarnation,
    ]);
    const rows: { sequence: string }[] = await sql.unsafe(
      `SELECT s.value AS sequence FROM ${this.#counted}, jsonb_array_elements_text($3::text::jsonb) s
       WHERE stream = $1 AND incarnation = $2 AND NOT sequences @> s.value::bigint`,
      [stream, incarnation, JSON.stringify([...bySequence.keys()])],
    );
    if (rows.length === 0) return [];
    const fresh = rows.map(({ sequence }) => Number(sequence));
    await sql.unsafe(
      `UPDATE ${this.#counted} SET sequences = sequences +
         (SELECT range_agg(int8range(s.value::bigint, s.value::bigint, '[]')) FROM jsonb_array_elements_text($3::text::jsonb) s)
       WHERE stream = $1 AND incarnation = $2`,
      [stream, incarnation, JSON.stringify(fresh)],
    );
    return fresh.flatMap((sequence) => bySequence.get(sequence) ?? []);
  }

  async #increase(sql: TransactionSQL, tallies: readonly Tally[]): Promise<void> {
    if (tallies.length === 0) return;
    await sql.unsafe(
      `INSERT INTO ${this.#counts} AS c (bucket, event, stream, type, messages)
       SELECT bucket, event, stream, type, messages FROM jsonb_to_recordset($1::text::jsonb)
         AS t(bucket timestamptz, event text, stream text, type text, messages bigint)
       ORDER BY bucket, event, stream, type
       ON CONFLICT (bucket, event, stream, type) DO UPDATE SET messages = c.messages + excluded.messages`,
      [JSON.stringify(tallies)],
    );
  }
}

/** Messages by stream and its incarnation, in one order for all nodes, so that none waits for another in a circle. */
function livesOf(messages: readonly CountedMessage[]): CountedMessage[][] {
  const lives = Map.groupBy(messages, ({ stream, incarnation }) => `${stream} ${incarnation}`);
  return [...lives].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, list]) => list);
}

function tally(messages: readonly CountedMessage[]): Tally[] {
  const tallies = new Map<string, Tally>();
  for (const { event, stream, type, at } of messages) {
    const bucket = isoOf(at - (at % ANALYTICS_BUCKET_MS));
    const key = JSON.stringify([bucket, event, stream, type]);
    const known = tallies.get(key);
    if (known) known.messages++;
    else tallies.set(key, { bucket, event, stream, type, messages: 1 });
  }
  return [...tallies.values()];
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
