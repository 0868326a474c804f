import type { TransactionSQL } from 'bun';

export type PartitionUnit = 'hour' | 'day' | 'month';

/** A table partitioned by a `timestamptz` column, a partition for each hour, day or month of UTC. */
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

/** Letters of an ISO time that name a partition. */
const NAMED_BY = { hour: 13, day: 10, month: 7 } as const satisfies Record<PartitionUnit, number>;

/** The partition of a table that holds the time `at`. */
export function partitionAt({ table, unit }: PartitionedTable, at: number): Partition {
  const [from, to] = boundsAt(unit, new Date(at));
  const digits = new Date(from).toISOString().slice(0, NAMED_BY[unit]);
  return { name: `${table}_${digits.replaceAll(/[-T]/g, '_')}`, from, to };
}

function boundsAt(unit: PartitionUnit, time: Date): readonly [from: number, to: number] {
  const [year, month, day, hour] = [time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate(), time.getUTCHours()];
  switch (unit) {
    case 'hour':
      return [Date.UTC(year, month, day, hour), Date.UTC(year, month, day, hour + 1)];
    case 'day':
      return [Date.UTC(year, month, day), Date.UTC(year, month, day + 1)];
    case 'month':
      return [Date.UTC(year, month), Date.UTC(year, month + 1)];
  }
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
  const [year, month, day = '01', hour = '00'] = name.slice(target.table.length + 1).split('_');
  const begin = Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`);
  if (Number.isNaN(begin)) return Number.POSITIVE_INFINITY;
  const partition = partitionAt(target, begin);
  return partition.name === name ? partition.to : Number.POSITIVE_INFINITY;
}

function nameOf({ schema }: PartitionedTable, table: string): string {
  return `"${schema}"."${table}"`;
}
