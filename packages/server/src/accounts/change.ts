import type { BusRecord, Command } from '@konferenco/core';
import { publishAppended } from '../sync/appended.ts';
import type { Context } from './context.ts';
import { Refused } from './refused.ts';

/** A change worked out from what was read: commit it, or answer without changing anything. */
export type Plan<Result> =
  | { readonly command: Command; readonly tell?: readonly BusRecord[]; readonly result: Result }
  | { readonly command?: undefined; readonly result: Result };

const MAX_ATTEMPTS = 20;
const BACKOFF_MS = 5;

/** As `change`, after those before it on this node under the same `key`: for rows that many want at once. */
export function changeInTurn<Result>(
  context: Context,
  key: string,
  plan: () => Promise<Plan<Result>>,
): Promise<Result> {
  return context.serial.run(key, () => change(context, plan));
}

/**
 * Reads, decides and commits until nobody else changed what was read, then tells this node's caches and the bus, and
 * puts live copies of what was appended on the bus.
 *
 * @throws {Refused} `conflict` after 20 attempts; whatever `plan` throws.
 * @throws {StoreUnavailableError}
 */
export async function change<Result>(context: Context, plan: () => Promise<Plan<Result>>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    const planned = await plan();
    if (!planned.command) return planned.result;
    const [outcome] = await context.store.commit([planned.command]);
    if (outcome?.kind === 'committed') {
      publishAppended(context.bus, planned.command.appends ?? [], outcome);
      tell(context, planned.tell ?? []);
      return planned.result;
    }
    if (outcome?.kind !== 'conflict' || attempt === MAX_ATTEMPTS) throw new Refused('conflict');
    await pause(context, attempt);
  }
}

/** Makes a committed change known: to this node's cache at once, to the others over the bus. */
export function tell(context: Pick<Context, 'directory' | 'bus'>, records: readonly BusRecord[]): void {
  for (const record of records) context.directory.apply(record);
  for (const record of records) context.bus.publish(record);
}

/** Full jitter, so that those who collided do not collide again. */
export function pause({ clock, random }: Pick<Context, 'clock' | 'random'>, attempt: number): Promise<void> {
  const ms = Math.ceil(random.next() * BACKOFF_MS * 2 ** Math.min(attempt, 6));
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
