import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';

/** What this process may use, and what it uses. */
export interface Machine {
  /** Cores it may use; a part of one where a limit says so. */
  readonly cores: number;
  /** Bytes it may use. */
  readonly memoryLimit: number;
  /** Processor time used since the start, in ms. */
  cpuMs(): number;
  /** Bytes it holds. */
  residentBytes(): number;
  /**
   * Bytes that count against {@link memoryLimit}: with a limit on its control group, all the group holds except what the kernel
   * would give back (that is what the limit kills by), otherwise its own.
   */
  usedBytes(): number;
}

/** The text of a file, or `null` when there is none to read. */
export type ReadText = (path: string) => string | null;

interface MemoryGroup {
  readonly limit: number;
  readonly used: () => number | null;
}

/** This machine, or the part of it that a control group (version 2 or 1) leaves this process. */
export function readMachine(read: ReadText = readFile): Machine {
  const groups = controlGroups(read);
  const cores = Math.min(availableParallelism(), cpuLimit(read, groups));
  const memory = memoryGroup(read, groups);
  const residentBytes = () => process.memoryUsage.rss();
  return {
    cores,
    memoryLimit: memory?.limit ?? totalmem(),
    cpuMs() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    residentBytes,
    usedBytes: () => memory?.used() ?? residentBytes(),
  };
}

const ROOT = '/sys/fs/cgroup';

/** Folders of the control groups that hold this process, the innermost first; version 1 has a tree for each controller. */
interface Groups {
  readonly unified: readonly string[];
  readonly cpu: readonly string[];
  readonly memory: readonly string[];
}

function controlGroups(read: ReadText): Groups {
  const rows = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'));
  const pathOf = (controller: string) =>
    rows.find(([, names = '']) => names.split(',').includes(controller))?.[2] ?? '/';
  return {
    unified: upwards(ROOT, pathOf('')),
    cpu: upwards(join(ROOT, 'cpu'), pathOf('cpu')),
    memory: upwards(join(ROOT, 'memory'), pathOf('memory')),
  };
}

/** A folder and those above it, up to `root`. A container's own view leaves out some of them, so each may be missing. */
function upwards(root: string, path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return Array.from({ length: parts.length + 1 }, (_, up) => join(root, ...parts.slice(0, parts.length - up)));
}

function cpuLimit(read: ReadText, groups: Groups): number {
  const limits = [
    ...groups.unified.map((folder) => read(join(folder, 'cpu.max'))?.split(' ').map(Number)),
    ...groups.cpu.map((folder) => [
      Number(read(join(folder, 'cpu.cfs_quota_us')) ?? Number.NaN),
      Number(read(join(folder, 'cpu.cfs_period_us')) ?? Number.NaN),
    ]),
  ].map((pair) => (pair?.[0] ?? Number.NaN) / (pair?.[1] ?? Number.NaN));
  return Math.min(Number.POSITIVE_INFINITY, ...limits.filter((limit) => limit > 0));
}

function memoryGroup(read: ReadText, groups: Groups): MemoryGroup | null {
  const number = (path: string) => Number(read(path)?.trim() || Number.NaN);
  const found = [
    ...groups.unified.map((folder) => ({ folder, limit: number(join(folder, 'memory.max')), usage: 'memory.current' })),
    ...groups.memory.map((folder) => ({
      folder,
      limit: number(join(folder, 'memory.limit_in_bytes')),
      usage: 'memory.usage_in_bytes',
    })),
    // Version 1 writes "no limit" as a number that no machine has.
  ].filter(({ limit }) => limit > 0 && limit < totalmem());
  const [tightest] = found.sort((a, b) => a.limit - b.limit);
  if (!tightest) return null;
  const { folder, limit, usage } = tightest;
  return {
    limit,
    used() {
      const all = number(join(folder, usage));
      const stat = read(join(folder, 'memory.stat')) ?? '';
      // In version 1 the total is that of the groups within, too.
      const inactive = (/^total_inactive_file (\d+)$/m.exec(stat) ?? /^inactive_file (\d+)$/m.exec(stat))?.[1];
      return Number.isFinite(all) ? Math.max(0, all - Number(inactive ?? 0)) : null;
    },
  };
}

function readFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Where there are no control groups there are no such files.
    return null;
  }
}
