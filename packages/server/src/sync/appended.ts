import type { Append, Bus, Outcome } from '@konferenco/core';
import { type Envelope, PRIORITY_RANK, ruleOf } from '@konferenco/protocol';

type Committed = Extract<Outcome, { kind: 'committed' }>;

/** Puts the live copies of a command's appends on the bus, once it is committed. */
export function publishAppended(bus: Bus, appends: readonly Append[], { at, positions, pointers }: Committed): void {
  let taken = 0;
  appends.forEach((append, index) => {
    const position = positions[index];
    if (!position) return;
    const count = append.notify?.length ?? 0;
    bus.publish({
      kind: 'entry',
      log: position.log,
      entry: { offset: position.offset, at, envelope: append.envelope, rank: rankOf(append) },
      pointers: pointers.slice(taken, taken + count),
    });
    taken += count;
  });
}

function rankOf({ envelope }: Append): number {
  const { type, subtype } = JSON.parse(envelope) as Envelope;
  return PRIORITY_RANK[ruleOf(type, subtype)?.priority ?? 'normal'];
}
