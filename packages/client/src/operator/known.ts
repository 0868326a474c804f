import type { OperatedEvent, OperatedSample, OperatorView } from '@konferenco/protocol';

/** Time that samples are kept of, in ms: what a node keeps. */
const PAST_MS = 900_000;

/** The system as last told, with the past and the events put together from what was told before. */
export interface KnownSystem extends Omit<OperatorView, 'events'> {
  /** Newest first. */
  readonly events: readonly OperatedEvent[];
}

/** What to ask for so that nothing is told twice. */
export function askFor(known: KnownSystem | null): { readonly after?: number; readonly revision?: number } {
  if (!known) return {};
  const last = known.samples.at(-1)?.at;
  return { revision: known.revision, ...(last === undefined ? {} : { after: last }) };
}

/**
 * Puts an answer to {@link askFor} together with what was known.
 *
 * @returns `null` when another node answered, which has another past: ask it for everything.
 */
export function takeAnswer(known: KnownSystem | null, answer: OperatorView): KnownSystem | null {
  if (known && known.node !== answer.node) return null;
  return {
    ...answer,
    samples: joined(known?.samples ?? [], answer.samples).filter(({ at }) => at > answer.at - PAST_MS),
    events: answer.events ?? known?.events ?? [],
  };
}

function joined(before: readonly OperatedSample[], after: readonly OperatedSample[]): OperatedSample[] {
  const from = after[0]?.at ?? Number.POSITIVE_INFINITY;
  return [...before.filter(({ at }) => at < from), ...after];
}
