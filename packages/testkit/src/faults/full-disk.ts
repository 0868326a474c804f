import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of a size of its own, in memory, that can be filled to the last byte. */
export interface SmallDisk {
  readonly dir: string;
  /** Takes all the room there is. Resolves with what gives it back. */
  fill(): Promise<() => Promise<void>>;
  remove(): Promise<void>;
}

/** @returns the disk, or a sentence that says why there is none here. */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk | string> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'The disk is never full in this run: mounting a small one takes root on Linux.';
  const mountPoint = mkdtempSync(join(tmpdir(), 'konferenco-disk-'));
  const problem = await run(['mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', mountPoint]);
  if (problem !== null) {
    rmSync(mountPoint, { recursive: true });
    return `The disk is never full in this run: mounting a small one is not allowed here (${problem}).`;
  }
  const dir = join(mountPoint, 'data');
  mkdirSync(dir);
  return {
    dir,
    async fill() {
      const file = join(mountPoint, 'filler');
      const { bavail, bsize } = statfsSync(mountPoint);
      // Most of it in another process: the caller has people to serve meanwhile.
      await run(['fallocate', '-l', String(bavail * bsize), file]);
      fillWith(file);
      return async () => rmSync(file, { force: true });
    },
    async remove() {
      await run(['umount', '-l', mountPoint]);
      rmSync(mountPoint, { recursive: true, force: true });
    },
  };
}

/** Appends until there is no room, in ever smaller pieces. */
function fillWith(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (const size of [1_048_576, 4_096, 1]) while (fits(file, new Uint8Array(size)));
  } finally {
    closeSync(file);
  }
}

function fits(file: number, bytes: Uint8Array): boolean {
  try {
    return writeSync(file, bytes) === bytes.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}

/** What a short program complained of; `null`: nothing. */
async function run(command: readonly string[]): Promise<string | null> {
  if (!Bun.which(command[0] ?? '')) return `there is no ${command[0]}`;
  const child = Bun.spawn([...command], { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' });
  const complaint = await new Response(child.stderr).text();
  return (await child.exited) === 0 ? null : complaint.trim();
}
