import { type BackoffBounds, decorrelatedJitter } from '@konferenco/core/backoff';
import type { Comeback } from '@konferenco/protocol';

export const RECONNECT: BackoffBounds = { base_ms: 300, cap_ms: 20_000 };

/** Reason of an end without a closing frame: the server did not say goodbye, so it may be gone. */
export const BROKEN_OFF = 'broken off';

/** A connection that held this long counts as good: the next loss starts from a short pause again. */
export const STEADY_MS = 5_000;

export interface Pause {
  readonly wait_ms: number;
  /** What the next back-off grows from. */
  readonly sleep_ms: number;
}

export interface LossFacts {
  readonly comeback: Exclude<Comeback, 'never'>;
  /** The pause before this connection; 0 when it was steady. */
  readonly previous_ms: number;
  /** The time the server asked for. */
  readonly retry_after_ms?: number | undefined;
  /** A number in [0, 1). */
  readonly random: number;
}

/**
 * How long to wait after a loss. A time given by the server is the least, with jitter on top, so that all who were
 * given it do not return together. "At once" still spreads over the base, for a node's whole population hears it
 * in the same instant; from the second loss in a row it backs off like any other.
 */
export function pauseAfterLoss({ comeback, previous_ms, retry_after_ms, random }: LossFacts): Pause {
  const sleep_ms = decorrelatedJitter(previous_ms, random, RECONNECT);
  if (retry_after_ms !== undefined)
    return { wait_ms: retry_after_ms + Math.round(random * RECONNECT.base_ms), sleep_ms };
  if (comeback !== 'with_backoff' && previous_ms === 0)
    return { wait_ms: Math.round(random * RECONNECT.base_ms), sleep_ms };
  return { wait_ms: sleep_ms, sleep_ms };
}
