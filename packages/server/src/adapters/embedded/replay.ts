import { type Replay, ReplicaDivergedError } from '@konferenco/core';
import type { Writer } from './writer.ts';

/**
 * Applies a replay inside a transaction its caller opens and closes.
 *
 * @returns the offsets of each command, as `Reply` has them
 * @throws {ReplicaDivergedError} at the first difference
 */
export function replayInto(writer: Writer, { commands, heads, changes }: Replay): (readonly number[])[] {
  const replies = commands.map(({ at, command }) => {
    if (writer.stamp(at) !== at) throw new ReplicaDivergedError(`time falls back to ${at}`);
    const reply = writer.apply(command, at);
    if ('kind' in reply) throw new ReplicaDivergedError(`a command came to '${reply.kind}'`);
    return reply;
  });
  for (const { log, offset } of heads) {
    const head = writer.logs.find(log)?.head ?? 0;
    if (head !== offset) throw new ReplicaDivergedError(`${log} stands at ${head} here, at ${offset} there`);
  }
  writer.apply({ changes }, commands.at(-1)?.at ?? 0);
  return replies;
}
