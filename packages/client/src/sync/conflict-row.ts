import type { Said } from '@konferenco/core/sync/stamp';
import type { ToldConflict } from './types.ts';

/** Names of conflicts remembered, so that none is told twice. */
const TOLD_MAX = 500;
/** Conflicts that the person has not put away; of more the oldest are. */
export const OPEN_MAX = 100;

/** A conflict that is shown. */
export interface OpenConflict extends ToldConflict {
  /** With `overridden`: the stamp of what stands. */
  readonly stands?: Said;
}

/** A meeting that has to be answered again, under a name of its own: the card that says so may be put away before. */
export type Unanswered = readonly [key: string, meeting: string];

/** What a device keeps of the conflicts that the person was told. What is named in `told` and not listed is over. */
export interface ConflictRow {
  readonly told: readonly string[];
  readonly open: readonly OpenConflict[];
  readonly accept_again: readonly Unanswered[];
}

export const NO_CONFLICTS: ConflictRow = { told: [], open: [], accept_again: [] };

/** The row that an earlier run left; the first version named meetings alone, and nothing that is open. */
export function readConflictRow(value: unknown): ConflictRow {
  const { told = [], open = [], accept_again = [] } = (value ?? {}) as Partial<ConflictRow>;
  const unanswered = (accept_again as readonly (Unanswered | string)[]).map(
    (one): Unanswered => (typeof one === 'string' ? [`answer/of/${one}`, one] : one),
  );
  return bounded({ told: [...told, ...unanswered.map(([key]) => key)], open, accept_again: unanswered });
}

/** What two programs of one device know: told by either, and put away when one of them did. */
export function joinedRows(a: ConflictRow, b: ConflictRow): ConflictRow {
  const isOver = (key: string): boolean => isOverIn(a, key) || isOverIn(b, key);
  const open = new Map<string, OpenConflict>();
  for (const one of [...a.open, ...b.open]) if (!isOver(one.id)) open.set(one.id, newer(open.get(one.id), one));
  const unanswered = new Map([...a.accept_again, ...b.accept_again].filter(([key]) => !isOver(key)));
  return bounded({
    told: [...a.told, ...b.told],
    open: [...open.values()].sort((x, y) => x.at - y.at),
    accept_again: [...unanswered],
  });
}

/** What became known last stands: a later write than the one that was told. */
function newer(known: OpenConflict | undefined, other: OpenConflict): OpenConflict {
  return known && (known.stands?.at ?? 0) >= (other.stands?.at ?? 0) ? known : other;
}

function isOverIn({ told, open, accept_again }: ConflictRow, key: string): boolean {
  return told.includes(key) && !open.some(({ id }) => id === key) && !accept_again.some(([name]) => name === key);
}

/** The row within its bounds. */
export function bounded({ told, open, accept_again }: ConflictRow): ConflictRow {
  const listed = open.slice(-OPEN_MAX);
  const unanswered = accept_again.slice(-OPEN_MAX);
  const names = [...new Set(told)];
  const kept = new Set([...listed.map(({ id }) => id), ...unanswered.map(([key]) => key)]);
  const surplus = Math.max(0, names.length - TOLD_MAX);
  // The name of what is listed is never forgotten before it is put away.
  const forgotten = new Set(names.filter((key) => !kept.has(key)).slice(0, surplus));
  return { told: names.filter((key) => !forgotten.has(key)), open: listed, accept_again: unanswered };
}
