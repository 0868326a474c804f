import { existsSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { Glob } from 'bun';
import { type Place, type RunningProgram, runProgram, type WhereToRun } from './program.ts';

export interface PostgresOptions extends WhereToRun {
  /** Lines of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** An empty folder for the write-ahead log, beside the data's, and the size of its segments in MB (a power of two). */
  readonly wal?: { readonly dir: string; readonly segment_mb: number };
}

/** A PostgreSQL of its own, synchronous commit and `fsync` on as an operator has it, owner and database `konferenco`. */
export async function startPostgres({ settings = {}, wal, ...where }: PostgresOptions = {}): Promise<RunningProgram> {
  const bin = await binFolder();
  const owner = await serverUser();
  const flags = Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const data = ({ dir }: Place) => join(dir, 'data');
  return runProgram(
    {
      name: 'postgres',
      async prepare(place) {
        if (existsSync(join(data(place), 'PG_VERSION'))) return;
        for (const dir of [place.dir, ...(wal ? [wal.dir] : [])]) if (owner) await chown(dir, owner.uid, owner.gid);
        const initdb = [
          join(bin, 'initdb'),
          '-D',
          data(place),
          '-U',
          'konferenco',
          '-A',
          'trust',
          '--no-sync',
          '-E',
          'UTF8',
        ];
        const apart = wal ? ['-X', wal.dir, `--wal-segsize=${wal.segment_mb}`] : [];
        await run([...as(owner), ...initdb, '--locale=C.UTF-8', ...apart]);
        await run([
          ...as(owner),
          'sh',
          '-c',
          'echo "CREATE DATABASE konferenco;" | "$@"',
          'sh',
          ...[join(bin, 'postgres'), '--single', '-j', '-D', data(place), 'postgres'],
        ]);
      },
      command: (place) => [
        ...as(owner),
        ...[join(bin, 'postgres'), '-D', data(place), '-p', `${place.port}`, '-k', place.dir],
        ...flags,
      ],
      url: ({ port }) => `postgres://konferenco@127.0.0.1:${port}/konferenco`,
      isReady: async ({ port }) =>
        (await Bun.spawn([join(bin, 'pg_isready'), '-q', '-h', '127.0.0.1', '-p', `${port}`]).exited) === 0,
    },
    where,
  );
}

export interface PostgresReplica extends RunningProgram {
  /** Makes it take writes. Resolves when it does. */
  promote(): Promise<void>;
}

/** A replica that follows the server at that port of loopback as it writes; named `replica` in `synchronous_standby_names`. It ends with `stop`. */
export async function startPostgresReplica(primary: number): Promise<PostgresReplica> {
  const bin = await binFolder();
  const owner = await serverUser();
  const data = ({ dir }: Place) => join(dir, 'data');
  const running = await runProgram({
    name: 'postgres-replica',
    async prepare(place) {
      if (owner) await chown(place.dir, owner.uid, owner.gid);
      const source = `host=127.0.0.1 port=${primary} user=konferenco application_name=replica`;
      const copy = [join(bin, 'pg_basebackup'), '-D', data(place), '-d', source];
      await run([...as(owner), ...copy, '--checkpoint=fast', '--no-sync', '--write-recovery-conf']);
    },
    command: (place) => [
      ...as(owner),
      ...[join(bin, 'postgres'), '-D', data(place), '-p', `${place.port}`, '-k', place.dir],
      ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    url: ({ port }) => `postgres://konferenco@127.0.0.1:${port}/konferenco`,
    isReady: async ({ port }) =>
      (await Bun.spawn([join(bin, 'pg_isready'), '-q', '-h', '127.0.0.1', '-p', `${port}`]).exited) === 0,
  });
  const promote = async () => {
    const psql = [join(bin, 'psql'), '-qAt', '-d', running.url, '-c', 'SELECT pg_promote()'];
    await run(psql);
  };
  return Object.assign(running, { promote });
}

const DEBIAN = '/usr/lib/postgresql';
const SETTINGS = { listen_addresses: '127.0.0.1', max_connections: '100', log_min_messages: 'fatal' };

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: then it runs as the user its package made. */
async function serverUser(): Promise<Owner | null> {
  if (process.getuid?.() !== 0) return null;
  const [uid, gid] = await Promise.all([run(['id', '-u', 'postgres']), run(['id', '-g', 'postgres'])]);
  return { uid: Number(uid), gid: Number(gid) };
}

function as(owner: Owner | null): readonly string[] {
  return owner ? ['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'] : [];
}

/** Where all of the server's programs lie: Debian keeps them off the PATH, by version, of which the newest is taken. */
async function binFolder(): Promise<string> {
  const found = await Array.fromAsync(new Glob('*/bin/postgres').scan(DEBIAN)).catch(() => []);
  const newest = found.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).at(-1);
  if (newest) return join(DEBIAN, newest, '..');
  if (Bun.which('pg_config')) return run(['pg_config', '--bindir']);
  throw new Error('PostgreSQL is not installed: on Debian and Ubuntu, sudo apt-get install postgresql');
}

/** What a short program printed. @throws {Error} with its complaint when it fails. */
async function run(command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [out, complaint] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')}:\n${out}${complaint}`);
  return out.trim();
}
