import type { Command } from '@konferenco/core';

/** Users one entry can notify. */
export const POINTERS_PER_ENTRY = 16_384;

/**
 * Refuses a call that no store can write, before it joins a batch it would spoil.
 * @throws {TypeError} when a text or a time is missing, or an entry notifies more users than it may
 */
export function assertWritable(commands: readonly Command[]): void {
  for (const { appends } of commands) {
    for (const { log, id, sender, envelope, expires_at, notify } of appends ?? []) {
      for (const part of [log, id, sender, envelope]) {
        if (typeof part !== 'string') throw new TypeError(`an append to ${log} has a part that is no text`);
      }
      if (!Number.isFinite(expires_at)) throw new TypeError(`an append to ${log} has no time of expiry`);
      if (notify && notify.length > POINTERS_PER_ENTRY) {
        throw new TypeError(`an append to ${log} notifies ${notify.length} users; ${POINTERS_PER_ENTRY} are possible`);
      }
    }
  }
}
