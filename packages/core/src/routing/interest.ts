import { inboxLog } from '@konferenco/protocol';
import type { BusRecord, Interest } from '../ports/bus.ts';

/** Who has use for a record: the nodes that follow one of these, or, for `null`, all of them. */
export function interestsOf(record: BusRecord): readonly Interest[] | null {
  switch (record.kind) {
    case 'entry':
      return [record.log, ...new Set(record.pointers.map(({ user }) => inboxLog(user)))];
    case 'transient':
      return [record.to === undefined ? record.log : inboxLog(record.to)];
    default:
      return null;
  }
}
