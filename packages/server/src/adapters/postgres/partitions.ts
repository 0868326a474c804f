import { timeOfUuid } from '@konferenco/protocol';
import { lockKeys } from './advisory.ts';
import type { Session } from './session.ts';

/** Tables that are partitioned alike, by the time in an entry's id. */
export const PARTITIONED = ['entries', 'pointers', 'words'] as const;

/**
 * Width of a partition. A log is read by asking every partition, so a message kept for 90 days must not lie in ninety of them;
 * and a partition is dropped only when the last of its entries has expired.
 */
export const PARTITION_MS = 7 * 86_400_000;

/** Number of the partition that holds this id. */
export function partitionOf(id: string): number {
  return Math.floor(timeOfUuid(id) / PARTITION_MS);
}

export function partitionName(table: (typeof PARTITIONED)[number], number: number): string {
  return `${table}_${number}`;
}

/** Makes the partitions that are missing. They are attached, which holds up nobody who reads or writes the others. */
export async function createPartitions(session: Session, schema: string, numbers: readonly number[]): Promise<void> {
  await session.transaction(async () => {
    await session.query('SELECT pg_advisory_xact_lock($1::int, $2::int)', lockKeys(schema, 'partitions'));
    const there = new Set(await listPartitions(session));
    for (const number of numbers) {
      if (there.has(number)) continue;
      for (const table of PARTITIONED) {
        const name = partitionName(table, number);
        await session.query(`CREATE TABLE ${name} (LIKE ${table})`);
        const bounds = `FROM ('${boundOf(number)}') TO ('${boundOf(number + 1)}')`;
        await session.query(`ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES ${bounds}`);
      }
    }
  });
}

/** Numbers of the partitions there are, oldest first. */
export async function listPartitions(session: Session): Promise<number[]> {
  const rows = await session.query<{ number: number }>(
    `SELECT substr(c.relname, 9)::int AS number FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'entries'::regclass ORDER BY 1`,
  );
  return rows.map((row) => row.number);
}

/** The smallest id of a partition. */
function boundOf(number: number): string {
  const hex = (number * PARTITION_MS).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
