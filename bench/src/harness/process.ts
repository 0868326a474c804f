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
  const fields = statFields(pid);
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

/** Fields of the process's line after its name, which may hold spaces; `utime` and `stime` are numbers 11 and 12, their ended children's follow. */
function statFields(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/**
 * Processor time of a process and its children, those that have ended included, in seconds: PostgreSQL has a process for every
 * connection.
 */
export function familyCpuSeconds(pid: number): number {
  const fields = statFields(pid);
  const ended = (Number(fields[13]) + Number(fields[14])) / TICKS_PER_S;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const living = children === '' ? [] : children.split(' ').map(Number);
  return cpuSeconds(pid) + ended + living.reduce((sum, child) => sum + (cpuOf(child) ?? 0), 0);
}

/** `undefined`: it ended a moment ago, and is counted with its parent from the next look on. */
function cpuOf(pid: number): number | undefined {
  try {
    return cpuSeconds(pid);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}

/** Memory of the whole machine that is taken, the kernel's own included, in bytes. */
export function takenBytes(): number {
  const text = readFileSync('/proc/meminfo', 'utf8');
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024;
  return of('MemTotal') - of('MemAvailable');
}

/** Waits until resident memory has moved by less than 0.5 % in three seconds, at the most `most_ms`; returns it. */
export function settledBytes(pid: number, most_ms: number): Promise<number> {
  return settled(() => residentBytes(pid), most_ms);
}

/** The same for any measure of memory. */
export async function settled(measure: () => number, most_ms: number): Promise<number> {
  const window_ms = Math.min(3000, most_ms);
  const deadline = performance.now() + most_ms;
  for (let last = measure(); ; ) {
    await Bun.sleep(window_ms);
    const now = measure();
    if (Math.abs(now - last) < last * 0.005 || performance.now() >= deadline) return now;
    last = now;
  }
}

export type Core = 'server' | 'load';

/**
 * Puts a command on its core where there are two and `taskset` is installed. `null`: on whichever is free, scheduled as a batch, so
 * that of many processes on few cores none is put off its core for each packet that comes for another.
 */
export function pinned(core: Core | null, command: readonly string[]): string[] {
  if (core !== null && canPin()) return ['taskset', '-c', core === 'server' ? '0' : '1', ...command];
  return core === null && Bun.which('chrt') ? ['chrt', '--batch', '0', ...command] : [...command];
}

export function canPin(): boolean {
  return availableParallelism() >= 2 && Bun.which('taskset') !== null;
}
