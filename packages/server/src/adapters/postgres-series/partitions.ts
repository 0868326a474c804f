import type { TransactionSQL } from 'bun';

export type PartitionUnit = 'day' | 'month';

/** A table partitioned by a `timestamptz` column, a partition for each day or month of UTC. */
export interface PartitionedTable {
  readonly schema: string;
  readonly table: string;
  readonly unit: PartitionUnit;
}

/** One partition: [from, to) in Unix ms. */
export interface Partition {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** The partition of a table that holds the time `at`. */
export function partitionAt({ table, unit }: PartitionedTable, at: number): Partition {
  const time = new Date(at);
  const [year, month, day] = [time.getUTCFullYear(), time.getUTCMonth(), unit === 'day' ? time.getUTCDate() : 1];
  const from = Date.UTC(year, month, day);
  const to = unit === 'day' ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1);
  const digits = new Date(from).toISOString().slice(0, unit === 'day' ? 10 : 7);
  return { name: `${table}_${digits.replaceAll('-', '_')}`, from, to };
}

/** Makes partitions unless they are there. Nodes that do so together wait for each other. */
export async function createPartitions(
  sql: TransactionSQL,
  target: PartitionedTable,
  partitions: readonly Partition[],
): Promise<void> {
  const parent = nameOf(target, target.table);
  await sql`SELECT pg_advisory_xact_lock(hashtext(${parent}))`;
  for (const { name, from, to } of partitions) {
    const bounds = `FROM ('${new Date(from).toISOString()}') TO ('${new Date(to).toISOString()}')`;
    await sql.unsafe(`CREATE TABLE IF NOT EXISTS ${nameOf(target, name)} PARTITION OF ${parent} FOR VALUES ${bounds}`);
  }
}

/** Drops the partitions that ended before `before`: no row is read, and the space is free at once. Returns their names. */
export async function dropPartitions(sql: TransactionSQL, target: PartitionedTable, before: number): Promise<string[]> {
  const parent = nameOf(target, target.table);
  await sql`SELECT pg_advisory_xact_lock(hashtext(${parent}))`;
  const rows: { name: string }[] = await sql`
    SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = ${parent}::regclass ORDER BY 1`;
  const old = rows.map(({ name }) => name).filter((name) => endOf(target, name) <= before);
  for (const name of old) await sql.unsafe(`DROP TABLE ${nameOf(target, name)}`);
  return old;
}

/** End of the partition with this name, in Unix ms; infinity for a table that is none of ours. */
function endOf(target: PartitionedTable, name: string): number {
  const digits = name.slice(target.table.length + 1).replaceAll('_', '-');
  const begin = Date.parse(target.unit === 'day' ? digits : `${digits}-01`);
  if (Number.isNaN(begin)) return Number.POSITIVE_INFINITY;
  const partition = partitionAt(target, begin);
  return partition.name === name ? partition.to : Number.POSITIVE_INFINITY;
}

function nameOf({ schema }: PartitionedTable, table: string): string {
  return `"${schema}"."${table}"`;
}
