import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Figures of a running process, from Linux's /proc. */

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has no resident memory`);
  return Number(kib) * 1024;
}

/** Processor time of all its threads so far, in seconds; to the nanosecond where the kernel keeps scheduler statistics. */
export function cpuSeconds(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const [first] = tasks;
  if (first && existsSync(`/proc/${pid}/task/${first}/schedstat`)) {
    return tasks.reduce((sum, task) => sum + nanoseconds(`/proc/${pid}/task/${task}/schedstat`), 0) / 1e9;
  }
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticksPerSecond = 100;
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function nanoseconds(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8').split(' ')[0]);
  } catch {
    return 0; // the thread ended between the listing and the reading
  }
}

/** Waits until resident memory has moved by less than 0.5 % in three seconds, at the most `most_ms`; returns it. */
export async function settledBytes(pid: number, most_ms: number): Promise<number> {
  const window_ms = Math.min(3000, most_ms);
  const deadline = performance.now() + most_ms;
  for (let last = residentBytes(pid); ; ) {
    await Bun.sleep(window_ms);
    const now = residentBytes(pid);
    if (Math.abs(now - last) < last * 0.005 || performance.now() >= deadline) return now;
    last = now;
  }
}

export type Core = 'server' | 'load';

/** Puts a command on its core where there are two and `taskset` is installed. */
export function pinned(core: Core, command: readonly string[]): string[] {
  return canPin() ? ['taskset', '-c', core === 'server' ? '0' : '1', ...command] : [...command];
}

export function canPin(): boolean {
  return availableParallelism() >= 2 && Bun.which('taskset') !== null;
}
