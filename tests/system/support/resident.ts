import { readFileSync } from 'node:fs';

/** Resident memory of a process, in bytes, as the kernel counts it. */
export function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!found) throw new Error(`process ${pid} says nothing about its memory`);
  return Number(found[1]) * 1024;
}

/** Resident memory once it has stopped changing: readings half a second apart that differ by less than 1 %, for at most `within_ms`. */
export async function settledResidentBytes(pid: number, within_ms = 8_000): Promise<number> {
  const deadline = Date.now() + within_ms;
  let last = residentBytes(pid);
  for (let same = 0; same < 2 && Date.now() < deadline; ) {
    await Bun.sleep(500);
    const now = residentBytes(pid);
    same = Math.abs(now - last) < last * 0.01 ? same + 1 : 0;
    last = now;
  }
  return last;
}
