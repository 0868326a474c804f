import type { Outcome } from '@konferenco/core';
import { OBSTACLE } from './append-function.ts';
import { isLoss, sqlState } from './errors.ts';
import type { Rows, Session } from './session.ts';

/** How one attempt at a batch ended. A loss on the way of its COMMIT leaves open whether it took effect. */
export type Attempt =
  | { readonly kind: 'done'; readonly outcomes: readonly Outcome[] }
  | { readonly kind: 'nothing'; readonly reason: unknown }
  | ({ readonly kind: 'unknown'; readonly reason: unknown } & Tried);

export interface Tried {
  readonly session: Session;
  readonly batch: number;
  /** What the callers are told once it is known that it took effect. */
  outcomes(session: Session): Promise<readonly Outcome[]> | readonly Outcome[];
}

/** A batch that is on its way. */
export interface Sent {
  readonly session: Session;
  readonly batch: number;
  readonly ended: Promise<Attempt>;
}

/** How a batch ended whose statements all went well, by what became of its COMMIT. */
export function settled(
  commit: PromiseSettledResult<Rows<unknown>>,
  tried: Tried & { outcomes(): readonly Outcome[] },
): Attempt {
  if (commit.status === 'fulfilled') {
    return commit.value.command === 'COMMIT'
      ? { kind: 'done', outcomes: tried.outcomes() }
      : { kind: 'nothing', reason: new Error('the server rolled a batch back that it had written') };
  }
  const { reason } = commit;
  return isLoss(reason) ? { kind: 'unknown', reason, ...tried } : { kind: 'nothing', reason };
}

/** Whether what the straight way met is for the other to decide: an id that is stored already, or a log that is not there. */
export function isObstacle(reason: unknown): boolean {
  return ['23505', OBSTACLE].includes(sqlState(reason));
}
