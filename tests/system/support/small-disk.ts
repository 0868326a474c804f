import { test } from 'bun:test';
import { excuseFor, leftOut, thisMachine } from '../../../tools/lib/excuses.ts';

/** A test that fills a disk of its own: left out, with the reason in its title, where the machine can have none. */
export function testWithSmallDisk(title: string, body: () => Promise<void>, timeoutMs?: number): void {
  const reason = excuseFor('small_disk', thisMachine());
  if (reason === null) test(title, body, timeoutMs);
  else test.skip(leftOut(title, reason), body, timeoutMs);
}

/** Whether this machine can have a disk that is filled. */
export function hasSmallDisks(): boolean {
  return excuseFor('small_disk', thisMachine()) === null;
}
