import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Figures of a running process, from Linux's /proc. */

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has no resident memory`);
  return Number(kib) * 1024;
}

/** What the kernel counts processor time in: `USER_HZ`, 100 on every Linux. */
const TICKS_PER_S = 100;

/** Processor time of the process so far, ended threads included, in seconds to the hundredth. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; `utime` and `stime` are the 12th and 13th fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
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
