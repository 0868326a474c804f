import { SQL } from 'bun';
import { startNats } from '../servers/nats.ts';
import { startPostgres } from '../servers/postgres.ts';
import type { RunningProgram } from '../servers/program.ts';
import { mountSmallDisk, type SmallDisk } from './full-disk.ts';
import type { TopologyDisk } from './topology.ts';

/** Room for what twenty minutes of a run say, in MB. */
const DATA_MB = 768;
const STREAMS_MB = 256;
/** Room for a few checkpoints' write-ahead log; more would only take longer to fill. */
const LOG_MB = 96;

/**
 * The log is written in small segments, each made when it is needed: so a full disk is met within a megabyte. The server then
 * ends, and is not its own supervisor: it would start again in what room its last segment has left, and end again.
 */
const LOG_SETTINGS = { wal_recycle: 'off', min_wal_size: '2MB', max_wal_size: '32MB', restart_after_crash: 'off' };
const SEGMENT_MB = 1;

const READY_MS = 30_000;
const LOOK_AGAIN_MS = 50;

/** What the services of a cluster keep their data on. */
export interface ClusterDisks {
  readonly data: SmallDisk;
  readonly log: SmallDisk;
  readonly streams: SmallDisk;
}

/**
 * @param undo takes what removes them.
 * @returns the disks, or a sentence that says why there are none here.
 */
export async function mountClusterDisks(undo: (() => Promise<void>)[]): Promise<ClusterDisks | string> {
  const mounted: SmallDisk[] = [];
  for (const megabytes of [DATA_MB, LOG_MB, STREAMS_MB]) {
    const disk = await mountSmallDisk(megabytes);
    if (typeof disk === 'string') return disk;
    mounted.push(disk);
    undo.push(() => disk.remove());
  }
  const [data, log, streams] = mounted;
  if (!data || !log || !streams) throw new RangeError('there are three disks');
  return { data, log, streams };
}

export function startPostgresOn({ data, log }: ClusterDisks): Promise<RunningProgram> {
  return startPostgres({ dir: data.dir, wal: { dir: log.dir, segment_mb: SEGMENT_MB }, settings: LOG_SETTINGS });
}

export function startNatsOn({ streams }: ClusterDisks): Promise<RunningProgram> {
  return startNats({ dir: streams.dir });
}

/** How each of the disks is filled, and what its server needs when there is room again. */
export function disksOf(
  disks: ClusterDisks,
  { postgres, nats }: { readonly postgres: RunningProgram; readonly nats: RunningProgram },
): readonly TopologyDisk[] {
  return [
    {
      name: 'postgres',
      async fill() {
        const makeRoom = await disks.data.fill();
        return async () => {
          await makeRoom();
          await bringBack(postgres);
        };
      },
    },
    {
      name: 'postgres log',
      async fill() {
        const makeRoom = await disks.log.fill();
        await useUpLog(postgres);
        return async () => {
          await makeRoom();
          await bringBack(postgres);
        };
      },
    },
    {
      name: 'nats',
      async fill() {
        const makeRoom = await disks.streams.fill();
        return async () => {
          await makeRoom();
          // JetStream 2.9 hangs from the first message it had no room for, and does not even end when it is asked to.
          await nats.kill();
          await nats.restart();
        };
      },
    },
  ];
}

/** Writes to the log until the server has ended over it: it cannot go on without one. */
async function useUpLog(postgres: RunningProgram): Promise<void> {
  const sql = new SQL({ url: postgres.url, max: 1, connectionTimeout: 2 });
  try {
    for (let written = 0; written < LOG_MB; written++)
      await sql.unsafe("SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1000000))");
  } catch (error) {
    if (!(error instanceof SQL.PostgresError)) throw error;
    await ended(postgres);
    return;
  } finally {
    await sql.close({ timeout: 0 });
  }
  throw new Error('the write-ahead log goes on without room');
}

/** Waits until the server takes statements; one that ended is started again, as its supervisor would. */
async function bringBack(postgres: RunningProgram): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (!(await answers(postgres.url))) {
    if (!postgres.isRunning) await postgres.restart();
    if (performance.now() > deadline) throw new Error('PostgreSQL does not come back although it has room');
    await Bun.sleep(LOOK_AGAIN_MS);
  }
}

async function ended(program: RunningProgram): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (program.isRunning) {
    if (performance.now() > deadline) throw new Error('PostgreSQL goes on without a log');
    await Bun.sleep(LOOK_AGAIN_MS);
  }
}

async function answers(url: string): Promise<boolean> {
  const sql = new SQL({ url, max: 1, connectionTimeout: 2 });
  try {
    await sql.unsafe('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await sql.close({ timeout: 0 });
  }
}
