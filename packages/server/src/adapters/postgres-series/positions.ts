import {
  type KeptPosition,
  POSITIONS_KEPT_MS,
  POSITIONS_MAINTAINED_MS,
  type PositionConsent,
  type PositionOf,
  type PositionQuery,
  type PositionStore,
} from '@konferenco/core';
import type { TransactionSQL } from 'bun';
import { Database, type SeriesOptions } from './database.ts';
import { createPartitions, dropPartitions, type Partition, type PartitionedTable, partitionAt } from './partitions.ts';

export interface PositionsOptions extends SeriesOptions {
  /** Unix ms. */
  readonly now: () => number;
  /** All of it was restored from a copy: what people withdrew or erased since is in it again, so it begins empty. */
  readonly isRestored?: boolean;
}

const HOUR_MS = 3_600_000;
/** Later than this after it was taken, a position is not kept any more: its hour may be about to go. */
const LATEST_MS = POSITIONS_KEPT_MS - 2 * HOUR_MS;
/** Clocks of nodes may differ by this much; nothing further ahead is kept. */
const AHEAD_MS = 60_000;
const SCHEMA = 'konferenco_series';
const TABLE = 'positions';

/**
 * Positions in a table partitioned by hour, dropped by the hour before anything in it is too old.
 *
 * Who adds holds the row of consent until the end of its transaction, and who withdraws or erases changes that row first:
 * so whoever comes second sees what the first did, at whichever nodes they are.
 *
 * @throws {StoreUnavailableError} when PostgreSQL cannot be used
 */
export async function openPostgresPositions(options: PositionsOptions): Promise<PositionStore> {
  const positions = new PostgresPositions(options);
  try {
    await positions.prepare();
  } catch (error) {
    await positions.close();
    throw error;
  }
  return positions;
}

interface Row {
  readonly id: string;
  /** Unix ms. */
  readonly at: string;
  readonly lat: number | null;
  readonly lng: number | null;
  readonly accuracy_m: number | null;
  readonly zone: string | null;
}

class PostgresPositions implements PositionStore {
  readonly #database: Database;
  readonly #target: PartitionedTable;
  readonly #now: () => number;
  readonly #isRestored: boolean;
  /** Names of the partitions known to be there. */
  readonly #partitions = new Set<string>();

  constructor({ url, schema = SCHEMA, now, isRestored = false }: PositionsOptions) {
    if (!/^[a-z_][a-z0-9_]{0,50}$/.test(schema)) throw new TypeError(`'${schema}' is no name of a schema`);
    this.#database = new Database(url);
    this.#target = { schema, table: TABLE, unit: 'hour' };
    this.#now = now;
    this.#isRestored = isRestored;
  }

  async prepare(): Promise<void> {
    await this.#database.transaction(async (sql) => {
      await sql`SELECT pg_advisory_xact_lock(hashtext(${`${SCHEMA}/setup`}))`;
      await sql.unsafe(`CREATE SCHEMA IF NOT EXISTS "${this.#target.schema}"`);
      await sql.unsafe(`CREATE TABLE IF NOT EXISTS ${this.#consents} (
        user_id text PRIMARY KEY, given_at bigint NOT NULL, device text NOT NULL, withdrawn_at bigint,
        erased_at bigint NOT NULL DEFAULT 0
      )`);
      await sql.unsafe(`CREATE TABLE IF NOT EXISTS ${this.#positions} (
        user_id text NOT NULL, at timestamptz NOT NULL, id text NOT NULL, lat float8, lng float8, accuracy_m float8,
        zone text, PRIMARY KEY (user_id, at, id)
      ) PARTITION BY RANGE (at)`);
      if (this.#isRestored) await sql.unsafe(`TRUNCATE ${this.#positions}, ${this.#consents}`);
    });
    await this.maintain(this.#now());
  }

  consent(user: string): Promise<PositionConsent | null> {
    return this.#database.transaction((sql) => this.#standing(sql, user));
  }

  allow(user: string, { given_at, device }: PositionConsent): Promise<PositionConsent> {
    return this.#database.transaction(async (sql) => {
      await sql.unsafe(
        `INSERT INTO ${this.#consents} AS c (user_id, given_at, device) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET given_at = excluded.given_at, device = excluded.device, withdrawn_at = NULL
         WHERE c.withdrawn_at IS NOT NULL`,
        [user, given_at, device],
      );
      return (await this.#standing(sql, user)) ?? { given_at, device };
    });
  }

  withdraw(user: string, at: number): Promise<void> {
    return this.#erasing(user, at, 'withdrawn_at = coalesce(withdrawn_at, $2)');
  }

  erase(user: string, at: number): Promise<void> {
    return this.#erasing(user, at, 'erased_at = greatest(erased_at, $2)');
  }

  async add(positions: readonly PositionOf[]): Promise<number> {
    const now = this.#now();
    const fresh = positions.filter(({ at }) => at > now - LATEST_MS && at <= now + AHEAD_MS);
    if (fresh.length === 0) return 0;
    const missing = new Map<string, Partition>();
    for (const { at } of fresh) {
      const partition = partitionAt(this.#target, at);
      if (!this.#partitions.has(partition.name)) missing.set(partition.name, partition);
    }
    const kept = await this.#database.transaction(async (sql) => {
      if (missing.size > 0) await createPartitions(sql, this.#target, [...missing.values()]);
      return this.#insert(sql, fresh);
    });
    for (const name of missing.keys()) this.#partitions.add(name);
    return kept;
  }

  read({ user, from, to, after, limit }: PositionQuery): Promise<KeptPosition[]> {
    const oldest = Math.max(from, this.#now() - POSITIONS_KEPT_MS + 1);
    return this.#database.transaction(async (sql) => {
      const rows: Row[] = await sql.unsafe(
        `SELECT id, (extract(epoch FROM at) * 1000)::bigint::text AS at, lat, lng, accuracy_m, zone FROM ${this.#positions}
         WHERE user_id = $1 AND at >= $2::text::timestamptz AND at < $3::text::timestamptz
           AND ($4::text IS NULL OR (at, id) > ($4::text::timestamptz, $5::text))
         ORDER BY at, id LIMIT $6::int`,
        [user, isoOf(oldest), isoOf(to), after ? isoOf(after.at) : null, after?.id ?? null, limit],
      );
      return rows.map(positionOf);
    });
  }

  async maintain(now: number): Promise<void> {
    const present = partitionAt(this.#target, now);
    const next = partitionAt(this.#target, present.to);
    const dropped = await this.#database.transaction(async (sql) => {
      await createPartitions(sql, this.#target, [present, next]);
      // An hour goes as a whole, before the first position in it is too old.
      return dropPartitions(sql, this.#target, now - POSITIONS_KEPT_MS + POSITIONS_MAINTAINED_MS + HOUR_MS);
    });
    for (const { name } of [present, next]) this.#partitions.add(name);
    for (const name of dropped) this.#partitions.delete(name);
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  get #positions(): string {
    return `"${this.#target.schema}"."${TABLE}"`;
  }

  get #consents(): string {
    return `"${this.#target.schema}"."position_consents"`;
  }

  async #standing(sql: TransactionSQL, user: string): Promise<PositionConsent | null> {
    const rows: { given_at: string; device: string }[] = await sql.unsafe(
      `SELECT given_at::text AS given_at, device FROM ${this.#consents} WHERE user_id = $1 AND withdrawn_at IS NULL`,
      [user],
    );
    const [row] = rows;
    return row ? { given_at: Number(row.given_at), device: row.device } : null;
  }

  #erasing(user: string, at: number, set: string): Promise<void> {
    return this.#database.transaction(async (sql) => {
      await sql.unsafe(`UPDATE ${this.#consents} SET ${set} WHERE user_id = $1`, [user, at]);
      await sql.unsafe(`DELETE FROM ${this.#positions} WHERE user_id = $1`, [user]);
    });
  }

  async #insert(sql: TransactionSQL, positions: readonly PositionOf[]): Promise<number> {
    const rows: unknown[] = await sql.unsafe(
      `WITH allowed AS MATERIALIZED (
         SELECT user_id, greatest(given_at, erased_at) AS since FROM ${this.#consents}
         WHERE withdrawn_at IS NULL AND user_id IN (SELECT value FROM jsonb_array_elements_text($2::text::jsonb))
         ORDER BY user_id FOR SHARE
       )
       INSERT INTO ${this.#positions} (user_id, at, id, lat, lng, accuracy_m, zone)
       SELECT p.user_id, to_timestamp(p.at / 1000.0), p.id, p.lat, p.lng, p.accuracy_m, p.zone
       FROM jsonb_to_recordset($1::text::jsonb)
         AS p(user_id text, at bigint, id text, lat float8, lng float8, accuracy_m float8, zone text)
       JOIN allowed a ON a.user_id = p.user_id AND p.at > a.since
       ORDER BY p.user_id, p.at, p.id
       ON CONFLICT DO NOTHING RETURNING 1`,
      [
        JSON.stringify(positions.map(({ user, ...position }) => ({ user_id: user, ...position }))),
        JSON.stringify([...new Set(positions.map(({ user }) => user))]),
      ],
    );
    return rows.length;
  }
}

function positionOf({ id, at, lat, lng, accuracy_m, zone }: Row): KeptPosition {
  return {
    id,
    at: Number(at),
    ...(lat === null || lng === null ? {} : { lat, lng }),
    ...(accuracy_m === null ? {} : { accuracy_m }),
    ...(zone === null ? {} : { zone }),
  };
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
